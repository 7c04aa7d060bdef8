import { describe, expect, it } from 'vitest'
import { fakeBackend } from '../src/lib/backend/fake'
import { busyTicks } from '../src/lib/backend/fixtures'
import { ClipList, BLOCK } from '../src/lib/state/clips.svelte'
import { Store } from '../src/lib/state/store.svelte'

const settled = () => new Promise((done) => setTimeout(done, 5))

describe('frames', () => {
  it('fetches a snapshot when the revision of a frame is ahead, and only then', async () => {
    const backend = fakeBackend('busy')
    const store = new Store(backend)
    store.start()
    await settled()
    const asked = () => backend.calls.filter((call) => call.name === 'get_snapshot').length
    expect(asked()).toBe(1)
    store.apply({ rev: 1, cards: busyTicks, bytes_per_sec: 0, eta_secs: null, verifications: [] })
    await settled()
    expect(asked()).toBe(1)
    backend.change({ project: 'changed' })
    await settled()
    expect(store.snapshot?.project).toBe('changed')
    expect(asked()).toBe(2)
  })
  it('catches up over a gap with one request, not one for each revision', async () => {
    const backend = fakeBackend('busy')
    const store = new Store(backend)
    store.start()
    await settled()
    backend.calls.length = 0
    backend.state = { ...backend.state, rev: 9 }
    for (let rev = 2; rev <= 9; rev += 1) store.apply({ rev, cards: [], bytes_per_sec: 0, eta_secs: null, verifications: [] })
    await settled()
    expect(store.snapshot?.rev).toBe(9)
    expect(backend.calls.filter((call) => call.name === 'get_snapshot').length).toBeLessThanOrEqual(2)
  })
  it('never goes back to an older snapshot', async () => {
    const backend = fakeBackend('busy')
    const store = new Store(backend)
    store.start()
    await settled()
    backend.change({ project: 'newer' })
    await settled()
    backend.state = { ...backend.state, rev: 1, project: 'older' }
    await store.refresh()
    expect(store.snapshot?.project).toBe('newer')
  })
  it('forgets the progress of what no longer moves', () => {
    const store = new Store(fakeBackend('busy'))
    store.apply({ rev: 1, cards: busyTicks, bytes_per_sec: 5, eta_secs: 9, verifications: [['ver1', 1, 2]] })
    expect(store.lane('a003', 'c2')?.bottleneck).toBe(true)
    expect(store.verifying.get('ver1')).toEqual([1, 2])
    store.apply({ rev: 1, cards: [], bytes_per_sec: 0, eta_secs: null, verifications: [] })
    expect(store.lane('a003', 'c2')).toBeNull()
    expect(store.verifying.size).toBe(0)
  })
})

describe('problems', () => {
  it('stand where they happened until the next try works', async () => {
    const backend = fakeBackend('ready')
    const store = new Store(backend)
    await store.refresh()
    backend.failNext('start_offload', { code: 'destination_full', summary: 'SSD-7 is full.', details: [], hint: 'Free space.', retry: 'later' })
    expect(await store.ask('d004', 'start_offload', { card: 'd004', destinations: ['ssd7'] })).toBeNull()
    expect(store.problems['d004']?.code).toBe('destination_full')
    expect(store.problems['cards']).toBeUndefined()
    await store.ask('d004', 'start_offload', { card: 'd004', destinations: ['raid2'] })
    expect(store.problems['d004']).toBeUndefined()
  })
  it('turns anything that is thrown into a problem with a code', async () => {
    const backend = fakeBackend('ready')
    backend.call = () => Promise.reject(new Error('gone'))
    const store = new Store(backend)
    await store.refresh()
    expect(store.problems['page']).toMatchObject({ code: 'internal', details: ['Error: gone'] })
  })
})

describe('clip list', () => {
  it('fetches only the blocks that are seen of ten thousand clips', async () => {
    const backend = fakeBackend('many')
    const list = new ClipList(backend)
    list.question('a003', '')
    await settled()
    expect(list.total).toBe(10_000)
    list.ensure(5_000, 5_040)
    await settled()
    const offsets = backend.calls.filter((call) => call.name === 'get_clips').map((call) => (call.request as { offset: number }).offset)
    expect(offsets).toEqual([0, 5_000 - (5_000 % BLOCK)])
    expect(list.at(5_010)?.index).toBe(5_010)
    expect(list.at(9_999)).toBeUndefined()
  })
  it('shows the answer to what was typed last, even if an older one comes later', async () => {
    const backend = fakeBackend('many')
    const answers: (() => void)[] = []
    const honest = backend.call.bind(backend)
    backend.call = (name, request) => new Promise((resolve, reject) => { answers.push(() => honest(name, request).then(resolve, reject)) })
    const list = new ClipList(backend)
    list.question(null, 'c00')
    list.question(null, 'a003c0001')
    answers[1]?.()
    await settled()
    const total = list.total
    answers[0]?.()
    await settled()
    expect(list.total).toBe(total)
  })
})
