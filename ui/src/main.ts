// Starts the page. A build for looking and testing (any mode but production) may ask for a made-up state: `?fake=busy`.
import { mount } from 'svelte'
import App from './App.svelte'
import './styles/tokens.css'
import './styles/base.css'
import type { Backend } from './lib/backend/backend'

async function backend(): Promise<Backend> {
  if (import.meta.env.MODE !== 'production') {
    const scene = new URLSearchParams(location.search).get('fake')
    if (scene !== null) {
      const { fakeBackend, SCENES } = await import('./lib/backend/fake')
      return fakeBackend(SCENES.find((name) => name === scene) ?? 'busy', { live: true })
    }
  }
  const { tauriBackend } = await import('./lib/backend/tauri')
  return tauriBackend()
}

const target = document.getElementById('app')
if (target !== null) void backend().then((chosen) => mount(App, { target, props: { backend: chosen } }))
