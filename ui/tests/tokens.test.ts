// Holds what ARCHITECTURE.md promises of the page: one file names colours, one file knows Tauri, nothing is inline.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}
const sources = files('src').map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const shipped = sources.filter(({ path }) => !/fake\.ts$|fixtures\.ts$/.test(path))

describe('sources', () => {
  it('are there to be looked at', () => expect(shipped.length).toBeGreaterThan(20))
  it('name no colour outside tokens.css', () => {
    const literal = /#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|lab)\(|:\s*(?:white|black|red|green|blue|grey|gray|yellow|orange)\s*;/i
    for (const { path, text } of shipped.filter(({ path }) => /\.(css|svelte)$/.test(path) && !path.endsWith('tokens.css'))) {
      const bad = text.split('\n').filter((line) => literal.test(line.replace(/\{#[a-z]+/g, '')))
      expect(bad, path).toEqual([])
    }
  })
  it('name no size in pixels outside tokens.css, save in questions about the width of the window', () => {
    for (const { path, text } of shipped.filter(({ path }) => /\.(css|svelte)$/.test(path) && !path.endsWith('tokens.css'))) {
      const styles = path.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '')
      const bad = styles.split('\n').filter((line) => /\d px|\dpx/.test(line) && !/@container|@media/.test(line))
      expect(bad, path).toEqual([])
    }
  })
  it('import Tauri in one file only', () => {
    expect(sources.filter(({ text }) => text.includes('@tauri-apps')).map(({ path }) => path)).toEqual(['src/lib/backend/tauri.ts'])
  })
  it('open no connection and name no path', () => {
    for (const { path, text } of shipped) expect(/\bfetch\(|XMLHttpRequest|WebSocket|EventSource/.test(text), path).toBe(false)
  })
  it('say nothing is safe by themselves: the words stand only beside what Rust says', () => {
    const saying = shipped.filter(({ text }) => /safe to format/i.test(text.replace(/<!--[\s\S]*?-->/g, '')))
    expect(saying.map(({ path }) => path).sort()).toEqual(['src/features/CardInspector.svelte', 'src/features/CardRow.svelte'])
    for (const { text } of saying) expect(text).toMatch(/\{#if card\.verdict\.safe\}[\s\S]{0,200}safe to format/i)
  })
  it('never shout and never say successfully', () => {
    for (const { path, text } of shipped) expect(/successfully|!\s*</i.test(text.replace(/<!--[\s\S]*?-->|=>|!==?/g, '')), path).toBe(false)
  })
})
