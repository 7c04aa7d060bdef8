// Owns the sparse clip list: rows come in blocks as they scroll into view; what is typed last wins.
import { problemFrom, type Backend } from '../backend/backend'
import type { ClipView, Problem } from '../backend/contract'
import { blocksOf } from '../virtual'

export const BLOCK = 200

export class ClipList {
  total = $state(0)
  /** False until the first answer for the present question is there. */
  known = $state(false)
  problem = $state.raw<Problem | null>(null)
  /** Parts of the question that were not understood. */
  notes = $state.raw<readonly string[]>([])
  #blocks = $state.raw<ReadonlyMap<number, ClipView[]>>(new Map())
  #backend: Backend
  #card: string | null = null
  #filter = ''
  #generation = 0
  #pending = new Set<number>()
  #visible: [number, number] = [0, BLOCK]

  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** Asks a new question; rows of the old one go as soon as the first new ones are there. */
  question(card: string | null, filter: string): void {
    if (this.#generation > 0 && card === this.#card && filter === this.#filter) return
    this.#card = card
    this.#filter = filter
    this.#visible = [0, BLOCK]
    this.again()
  }

  /** Fetches the visible rows again, because the state of Rust moved on. */
  again(): void {
    this.#generation += 1
    this.#pending.clear()
    for (const block of blocksOf(...this.#visible, BLOCK)) void this.#load(block, this.#generation, true)
  }

  /** Rows that are about to be seen. */
  ensure(first: number, end: number): void {
    this.#visible = [first, Math.max(end, first + 1)]
    for (const block of blocksOf(first, Math.min(end, this.total), BLOCK)) {
      if (!this.#blocks.has(block)) void this.#load(block, this.#generation, false)
    }
  }

  at(row: number): ClipView | undefined {
    return this.#blocks.get(Math.floor(row / BLOCK))?.[row % BLOCK]
  }

  /** Row of a clip among those that are here. */
  rowOf(card: string, index: number): number | null {
    for (const [block, clips] of this.#blocks) {
      const at = clips.findIndex((clip) => clip.card === card && clip.index === index)
      if (at >= 0) return block * BLOCK + at
    }
    return null
  }

  async #load(block: number, generation: number, fresh: boolean): Promise<void> {
    if (this.#pending.has(block)) return
    this.#pending.add(block)
    try {
      const page = await this.#backend.call('get_clips', {
        ...(this.#card === null ? {} : { card: this.#card }),
        filter: this.#filter, offset: block * BLOCK, limit: BLOCK,
      })
      if (generation !== this.#generation) return
      // The first fresh block empties the list; later ones of the same question join it.
      const kept = fresh && this.#renewed !== generation ? [] : [...this.#blocks]
      this.#renewed = generation
      this.#blocks = new Map([...kept, [block, page.clips]])
      this.total = page.total
      this.notes = page.notes
      this.known = true
      this.problem = null
    } catch (thrown) {
      if (generation === this.#generation) this.problem = problemFrom(thrown)
    } finally {
      if (generation === this.#generation) this.#pending.delete(block)
    }
  }
  #renewed = 0
}
