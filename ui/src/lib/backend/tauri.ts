// Owns the way to Rust inside the desktop window: the only file that imports Tauri.
import { Channel, convertFileSrc, invoke } from '@tauri-apps/api/core'
import { problemFrom, type Backend } from './backend'
import type { UiFrame } from './contract'

export function tauriBackend(): Backend {
  return {
    async call(name, request) {
      try {
        return await invoke(name, { request })
      } catch (thrown) {
        throw problemFrom(thrown)
      }
    },
    subscribe(frame) {
      let open = true
      const channel = new Channel<UiFrame>()
      channel.onmessage = (message) => {
        if (open) frame(message)
      }
      void invoke('subscribe', { channel })
      return () => {
        open = false
      }
    },
    // The scheme is written `picture://localhost/…` on Linux and macOS and `http://picture.localhost/…` on Windows.
    pictureUrl: (card, index, size, version) => `${root()}${card}/${index}/${size}?v=${encodeURIComponent(version)}`,
    sheetUrl: (card, version) => `${root()}${card}/sheet?v=${encodeURIComponent(version)}`,
  }
}

function root(): string {
  return convertFileSrc('', 'picture')
}
