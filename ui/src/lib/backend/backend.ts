// Owns the seam between page and Rust. Everything the page knows comes through here; it never names a path and never opens a
// connection (invariant 7).
import type { Commands, Problem, UiFrame } from './contract'

export type PictureSize = 'small' | 'large'

export interface Backend {
  /** Asks Rust. Rejects with a `Problem`, never with anything else. */
  call<K extends keyof Commands>(name: K, request: Commands[K]['req']): Promise<Commands[K]['res']>
  /** Progress frames, at most ten a second; returns the way to stop. */
  subscribe(frame: (frame: UiFrame) => void): () => void
  /** Picture of a clip; `version` changes when the picture does. */
  pictureUrl(card: string, index: number, size: PictureSize, version: string): string
  /** Contact sheet of a card. */
  sheetUrl(card: string, version: string): string
}

/** Turns whatever was thrown into a `Problem`, so that it can stand where it happened. */
export function problemFrom(thrown: unknown): Problem {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'summary' in thrown) return thrown as Problem
  return {
    code: 'internal',
    summary: 'The page could not reach the application.',
    details: [String(thrown)],
    hint: 'This is a defect. Media are not affected; please report it with the log.',
    retry: 'never',
  }
}
