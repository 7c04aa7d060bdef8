import { describe, expect, it } from 'vitest'
import { chord, COMMANDS, command, keyWords } from '../src/lib/commands'
import { fakeBackend } from '../src/lib/backend/fake'
import { Page } from '../src/lib/state/page.svelte'
import { Store } from '../src/lib/state/store.svelte'

async function desk(scene: Parameters<typeof fakeBackend>[0], card: string) {
  const backend = fakeBackend(scene)
  const store = new Store(backend)
  await store.refresh()
  const page = new Page()
  page.card = card
  return { backend, desk: { store, page } }
}

describe('command table', () => {
  it('gives every command its own name and its own key', () => {
    expect(new Set(COMMANDS.map((one) => one.id)).size).toBe(COMMANDS.length)
    const keys = COMMANDS.flatMap((one) => one.keys)
    expect(new Set(keys).size).toBe(keys.length)
    for (const one of COMMANDS) expect(one.keys.length, one.id).toBeGreaterThan(0)
  })
  it('has the keys that the crew was told', () => {
    const told: [string, string][] = [
      ['offload', 'O'], ['stop', 'S'], ['resume', 'R'], ['upload', 'U'], ['verify', 'V'], ['export.ale', 'E'], ['open', 'Enter'],
      ['preview', 'Space'], ['why', '.'], ['back', 'Escape'], ['filter', '/'], ['palette', 'Mod+K'], ['go.cards', '1'], ['go.setup', '5'],
    ]
    for (const [id, key] of told) expect(command(id).keys[0]).toBe(key)
  })
  it('titles are sentence case and plain', () => {
    for (const one of COMMANDS) {
      expect(one.title).toMatch(/^[A-Z0-9]/)
      expect(one.title).not.toMatch(/!|successfully/i)
    }
  })
  it('reads chords from events on any keyboard', () => {
    const event = (key: string, more = {}) => chord({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more })
    expect(event('o')).toBe('O')
    expect(event('O')).toBe('O')
    expect(event('E', { shiftKey: true })).toBe('Shift+E')
    expect(event('/', { shiftKey: true })).toBe('/')
    expect(event('k', { ctrlKey: true })).toBe('Mod+K')
    expect(event('k', { metaKey: true })).toBe('Mod+K')
    expect(event(' ')).toBe('Space')
    expect(event('o', { altKey: true })).toBe('')
    expect(keyWords('Shift+E')).toBe('⇧E')
  })
  it('offers to stop what runs, to resume what was interrupted, and to offload what has not begun', async () => {
    const possible = async (scene: Parameters<typeof fakeBackend>[0], card: string) => {
      const { desk: at } = await desk(scene, card)
      return ['offload', 'stop', 'resume'].filter((id) => command(id).when(at))
    }
    expect(await possible('busy', 'a003')).toEqual(['stop'])
    expect(await possible('busy', 'c001')).toEqual(['resume'])
    expect(await possible('busy', 'd004')).toEqual(['offload'])
    expect(await possible('empty', 'none')).toEqual([])
  })
  it('sends an offload to the ticked destinations of the preset, unless others were chosen for this card', async () => {
    const { backend, desk: at } = await desk('ready', 'd004')
    expect(at.page.destinations(at.store, 'd004')).toEqual(['ssd7', 'raid2'])
    at.page.choose(at.store, 'd004', 'ssd7', false)
    command('offload').run(at)
    await Promise.resolve()
    expect(backend.calls.at(-1)).toEqual({ name: 'start_offload', request: { card: 'd004', destinations: ['raid2'] } })
    at.page.choose(at.store, 'd004', 'raid2', false)
    expect(command('offload').when(at)).toBe(false)
  })
})
