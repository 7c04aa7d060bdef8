// Owns what Rust said last: snapshot, progress, details and the problems of calls. Must hold no rule: it shows, it never judges.
import { problemFrom, type Backend } from '../backend/backend'
import type { CardDetail, CardTick, CardView, ClipDetail, Commands, LaneTick, Problem, Snapshot, UiFrame } from '../backend/contract'

/** Where a problem stands: a card's id, or a place of the page. */
export type Spot = string

/** Questions: they change nothing, so nothing is fetched after them. */
const READS: ReadonlySet<keyof Commands> = new Set(['get_presets', 'sketch_folder', 'get_camera_mappings'] as const)

export class Store {
  snapshot = $state.raw<Snapshot | null>(null)
  ticks = $state.raw<ReadonlyMap<string, CardTick>>(new Map())
  /** What all cards do together. */
  total = $state.raw<Pick<UiFrame, 'bytes_per_sec' | 'eta_secs'>>({ bytes_per_sec: 0, eta_secs: null })
  verifying = $state.raw<ReadonlyMap<string, readonly [number, number]>>(new Map())
  card = $state.raw<CardDetail | null>(null)
  clip = $state.raw<ClipDetail | null>(null)
  problems = $state.raw<Readonly<Record<Spot, Problem>>>({})
  /** Words about something that was just done, by spot, e.g. where an export was written. */
  notes = $state.raw<Readonly<Record<Spot, string>>>({})

  readonly #backend: Backend
  #newestRev = 0
  #fetching = false
  #wantedCard: string | null = null
  #wantedClip: { card: string; index: number } | null = null
  #stop: (() => void) | null = null

  constructor(backend: Backend) {
    this.#backend = backend
  }

  get backend(): Backend {
    return this.#backend
  }

  /** First snapshot, then frames. Returns the way to stop. */
  start(): () => void {
    this.#stop = this.#backend.subscribe((frame) => this.apply(frame))
    void this.refresh()
    return () => this.#stop?.()
  }

  /** Applies a frame; a revision ahead of the snapshot fetches a new one. */
  apply(frame: UiFrame): void {
    this.ticks = new Map(frame.cards.map((tick) => [tick.card, tick]))
    this.total = { bytes_per_sec: frame.bytes_per_sec, eta_secs: frame.eta_secs }
    this.verifying = new Map(frame.verifications.map(([id, done, total]) => [id, [done, total] as const]))
    this.#newestRev = Math.max(this.#newestRev, frame.rev)
    if (this.snapshot !== null && this.#newestRev > this.snapshot.rev) void this.refresh()
  }

  /** Fetches the snapshot; one request at a time, and once more if the state moved on meanwhile. */
  async refresh(): Promise<void> {
    if (this.#fetching) return
    this.#fetching = true
    try {
      for (let tries = 0; tries < 3; tries += 1) {
        const next = await this.#backend.call('get_snapshot', {})
        if (this.snapshot === null || next.rev >= this.snapshot.rev) this.snapshot = next
        this.#settle('page')
        if (next.rev >= this.#newestRev) break
      }
      await this.#refreshDetails()
    } catch (thrown) {
      this.#fail('page', thrown)
    } finally {
      this.#fetching = false
    }
  }

  async #refreshDetails(): Promise<void> {
    const card = this.#wantedCard
    if (card !== null) await this.#loadCard(card)
    const clip = this.#wantedClip
    if (clip !== null) await this.#loadClip(clip)
  }

  /** Chooses the card whose details are kept fresh. */
  wantCard(id: string | null): void {
    if (id === this.#wantedCard) return
    this.#wantedCard = id
    if (this.card?.card.id !== id) this.card = null
    if (id !== null) void this.#loadCard(id)
  }

  /** Chooses the clip whose details are kept fresh. */
  wantClip(clip: { card: string; index: number } | null): void {
    const same = clip?.card === this.#wantedClip?.card && clip?.index === this.#wantedClip?.index
    if (same) return
    this.#wantedClip = clip
    this.clip = null
    if (clip !== null) void this.#loadClip(clip)
  }

  async #loadCard(id: string): Promise<void> {
    try {
      const detail = await this.#backend.call('get_card', { card: id })
      if (this.#wantedCard === id) this.card = detail
    } catch (thrown) {
      this.#fail(id, thrown)
    }
  }

  async #loadClip(clip: { card: string; index: number }): Promise<void> {
    try {
      const detail = await this.#backend.call('get_clip', clip)
      if (this.#wantedClip?.card === clip.card && this.#wantedClip.index === clip.index) this.clip = detail
    } catch (thrown) {
      this.#fail('clips', thrown)
    }
  }

  /** Asks Rust to do something; a problem stands at `spot` until it is dealt with or the next try works. */
  async ask<K extends keyof Commands>(spot: Spot, name: K, request: Commands[K]['req']): Promise<Commands[K]['res'] | null> {
    try {
      const answer = await this.#backend.call(name, request)
      this.#settle(spot)
      if (!READS.has(name)) await this.refresh()
      return answer
    } catch (thrown) {
      this.#fail(spot, thrown)
      return null
    }
  }

  note(spot: Spot, words: string): void {
    this.notes = { ...this.notes, [spot]: words }
  }

  dismiss(spot: Spot): void {
    this.#settle(spot)
    const { [spot]: _gone, ...rest } = this.notes
    this.notes = rest
  }

  #settle(spot: Spot): void {
    if (!(spot in this.problems)) return
    const { [spot]: _gone, ...rest } = this.problems
    this.problems = rest
  }

  #fail(spot: Spot, thrown: unknown): void {
    this.problems = { ...this.problems, [spot]: problemFrom(thrown) }
  }

  cardView(id: string | null): CardView | null {
    return this.snapshot?.cards.find((card) => card.id === id) ?? null
  }

  /** Progress of one lane of a card, if it moves now. */
  lane(card: string, lane: string): LaneTick | null {
    return this.ticks.get(card)?.lanes.find((tick) => tick.id === lane) ?? null
  }
}
