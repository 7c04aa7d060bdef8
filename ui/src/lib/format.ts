// Owns how numbers and instants are written. Must never decide anything.

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal, as drives are sold: three digits that matter. */
export function bytes(count: number): string {
  let value = count
  let unit = 0
  while (unit < units.length - 1 && value >= 999.5) {
    value /= 1000
    unit += 1
  }
  return `${digits(value, unit === 0)} ${units[unit]}`
}

function digits(value: number, whole: boolean): string {
  if (whole || value >= 99.95) return value.toFixed(0)
  if (value >= 9.995) return value.toFixed(1)
  return value.toFixed(2)
}

export function rate(bytesPerSec: number): string {
  return bytesPerSec > 0 ? `${bytes(bytesPerSec)}/s` : ''
}

/** A whole number with thin groups: 12 480. */
export function count(value: number): string {
  return value.toFixed(0).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f')
}

/** `1 clip`, `41 clips`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** Never 100 before it is whole, never 0 once something is there. */
export function percent(done: number, total: number): string {
  if (total <= 0) return '0 %'
  if (done >= total) return '100 %'
  const value = Math.floor((done / total) * 100)
  return `${done > 0 ? Math.max(1, value) : 0} %`
}

export function fraction(done: number, total: number): number {
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0
}

/** Rough on purpose: an estimate to the second would pretend. */
export function eta(secs: number | null): string {
  if (secs === null) return ''
  if (secs < 60) return 'under 1 min'
  const minutes = Math.ceil(secs / 60)
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** Clock of this machine: `14:02`, with the date where it is another day. */
export function clock(instant: string | null, now = new Date()): string {
  if (instant === null) return ''
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return ''
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  return at.toDateString() === now.toDateString() ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}

export function clockWithSeconds(instant: string): string {
  const at = new Date(instant)
  return Number.isNaN(at.getTime()) ? '' : `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** Camera letter to the name of its tape; anything unknown has plain tape. */
export function tape(letter: string | null): string {
  const name = (letter ?? '').trim().toLowerCase()
  if (name === 's') return 'sound'
  return /^[a-h]$/.test(name) ? name : 'none'
}
