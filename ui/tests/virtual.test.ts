import { describe, expect, it } from 'vitest'
import { blocksOf, columnsIn, moved, scrollTo, slotsFor, slotted, windowOf } from '../src/lib/virtual'

describe('virtual list', () => {
  it('draws only what is near the view, whatever the length', () => {
    const view = windowOf(10_000, 28, 5_000 * 28, 560, 6)
    expect(view).toEqual({ first: 4994, end: 5026, height: 280_000 })
  })
  it('stays inside the list at both ends and in an empty one', () => {
    expect(windowOf(10, 28, 0, 560)).toMatchObject({ first: 0, end: 10 })
    expect(windowOf(0, 28, 0, 560)).toEqual({ first: 0, end: 0, height: 0 })
    // The list became shorter than the scroll position.
    const gone = windowOf(3, 28, 9_000, 560)
    expect(gone.first).toBeLessThanOrEqual(gone.end)
    expect(gone.end).toBeLessThanOrEqual(3)
  })
  it('covers every visible row for every scroll position', () => {
    for (let top = 0; top < 2_000; top += 7) {
      const view = windowOf(100, 28, top, 300, 0)
      expect(view.first * 28).toBeLessThanOrEqual(Math.min(top, 2_800))
      expect(Math.min(top + 300, 2_800)).toBeLessThanOrEqual(view.end * 28)
    }
  })
  it('scrolls the least that brings a row into view', () => {
    expect(scrollTo(0, 28, 100, 280)).toBe(0)
    expect(scrollTo(5, 28, 0, 280)).toBe(0)
    expect(scrollTo(10, 28, 0, 280)).toBe(28)
  })
  it('asks for the blocks that a range touches', () => {
    expect(blocksOf(0, 10, 200)).toEqual([0])
    expect(blocksOf(199, 201, 200)).toEqual([0, 1])
    expect(blocksOf(400, 400, 200)).toEqual([])
  })
  it('gives every drawn row a slot of its own and lets it keep it while it is drawn', () => {
    const slots = slotsFor(560, 28)
    let before = new Map<number, number>()
    for (let top = 0; top < 9_000; top += 13) {
      const view = windowOf(300, 28, top, 560)
      expect(view.end - view.first).toBeLessThanOrEqual(slots)
      const rows = slotted(view.first, view.end, slots)
      expect(new Set(rows.map((row) => row.slot)).size).toBe(view.end - view.first)
      expect(rows.map((row) => row.slot)).toEqual(rows.map((row) => row.slot).sort((one, other) => one - other))
      for (const { slot, index } of rows) if (before.has(index)) expect(slot).toBe(before.get(index))
      before = new Map(rows.map(({ slot, index }) => [index, slot]))
    }
  })
  it('fits at least one tile', () => {
    expect(columnsIn(10, 208)).toBe(1)
    expect(columnsIn(1160, 208)).toBe(5)
  })
  it('moves by rows in a table and by tiles in a grid, and never out of it', () => {
    expect(moved('ArrowDown', 3, 10, 1, 5)).toBe(4)
    expect(moved('ArrowRight', 3, 10, 1, 5)).toBeNull()
    expect(moved('ArrowRight', 3, 10, 4, 5)).toBe(4)
    expect(moved('ArrowDown', 3, 10, 4, 5)).toBe(7)
    expect(moved('ArrowDown', 8, 10, 4, 5)).toBe(9)
    expect(moved('ArrowUp', 0, 10, 1, 5)).toBe(0)
    expect(moved('End', 0, 10, 1, 5)).toBe(9)
    expect(moved('Home', 7, 10, 1, 5)).toBe(0)
    expect(moved('PageDown', 0, 100, 4, 5)).toBe(20)
    expect(moved('ArrowDown', 0, 0, 1, 5)).toBeNull()
  })
})
