// Owns the arithmetic of virtual lists: which rows are drawn for a scroll position. Pure.

export interface Window {
  /** First row that is drawn. */
  first: number
  /** One past the last row that is drawn. */
  end: number
  /** Height of the whole list. */
  height: number
}

const OVERSCAN = 6

/** Rows of equal height; `overscan` rows more on either side. */
export function windowOf(total: number, rowHeight: number, scrollTop: number, viewHeight: number, overscan = OVERSCAN): Window {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan)
  const end = Math.min(total, Math.ceil((scrollTop + viewHeight) / rowHeight) + overscan)
  return { first: Math.min(first, total), end: Math.max(end, Math.min(first, total)), height: total * rowHeight }
}

/** Tiles beside each other in a width. */
export function columnsIn(width: number, tileWidth: number): number {
  return Math.max(1, Math.floor(width / tileWidth))
}

/** Scroll position that brings a row into view with the least movement. */
export function scrollTo(row: number, rowHeight: number, scrollTop: number, viewHeight: number): number {
  const top = row * rowHeight
  if (top < scrollTop) return top
  if (top + rowHeight > scrollTop + viewHeight) return top + rowHeight - viewHeight
  return scrollTop
}

/** Blocks of `size` rows that cover the half-open range. */
export function blocksOf(first: number, end: number, size: number): number[] {
  const blocks: number[] = []
  for (let block = Math.floor(first / size); block * size < end; block += 1) blocks.push(block)
  return blocks
}

/** Where a key takes the cursor in a list of `columns` beside each other; `null` if the key does not move. */
export function moved(key: string, at: number, total: number, columns: number, page: number): number | null {
  if (total === 0) return null
  const step: Record<string, number> = {
    ArrowDown: columns, ArrowUp: -columns, PageDown: page * columns, PageUp: -page * columns,
    Home: -total, End: total,
    ...(columns > 1 ? { ArrowRight: 1, ArrowLeft: -1 } : {}),
  }
  const by = step[key]
  if (by === undefined) return null
  const target = at + by
  // A step past the last row of a grid goes to the last tile rather than nowhere.
  return Math.min(total - 1, Math.max(0, target))
}

/** Most rows that a view of this height draws at once. */
export function slotsFor(viewHeight: number, rowHeight: number, overscan = OVERSCAN): number {
  return Math.ceil(viewHeight / rowHeight) + 1 + 2 * overscan
}

/**
 * Rows with the slot that draws them. A row keeps its slot while it is drawn, and slots stand in a fixed order, so that scrolling
 * changes what a few elements say and neither makes nor moves one.
 */
export function slotted(first: number, end: number, slots: number): { slot: number; index: number }[] {
  const size = Math.max(slots, end - first, 1)
  const rows = Array.from({ length: Math.max(0, end - first) }, (_, at) => ({ slot: (first + at) % size, index: first + at }))
  return rows.sort((one, other) => one.slot - other.slot)
}
