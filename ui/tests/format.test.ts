import { describe, expect, it } from 'vitest'
import { bytes, clock, count, counted, eta, fraction, percent, rate, tape } from '../src/lib/format'

describe('numbers', () => {
  it('writes bytes in decimal units, as drives are sold, with three digits that matter', () => {
    const cases: [number, string][] = [
      [0, '0 B'], [999, '999 B'], [1000, '1.00 kB'], [999_499, '999 kB'], [999_500, '1.00 MB'], [18.4e9, '18.4 GB'], [812e9, '812 GB'],
      [999.6e9, '1.00 TB'], [3.12e12, '3.12 TB'], [9e15, '9.00 PB'], [9.996e9, '10.0 GB'],
    ]
    for (const [value, words] of cases) expect(bytes(value)).toBe(words)
  })
  it('says nothing about a rate that is not known', () => {
    expect(rate(0)).toBe('')
    expect(rate(1.02e9)).toBe('1.02 GB/s')
  })
  it('never says 100 % before everything is there, and never 0 % once something is', () => {
    expect(percent(0, 812e9)).toBe('0 %')
    expect(percent(1, 812e9)).toBe('1 %')
    expect(percent(812e9 - 1, 812e9)).toBe('99 %')
    expect(percent(812e9, 812e9)).toBe('100 %')
    expect(percent(5, 0)).toBe('0 %')
  })
  it('keeps bars between empty and full', () => {
    expect([fraction(-1, 10), fraction(5, 10), fraction(11, 10), fraction(1, 0)]).toEqual([0, 0.5, 1, 0])
  })
  it('rounds estimates up and does not pretend to know seconds', () => {
    expect([eta(null), eta(5), eta(61), eta(360), eta(3599), eta(12600)]).toEqual(['', 'under 1 min', '2 min', '6 min', '1 h 00 min', '3 h 30 min'])
  })
  it('groups thousands and counts in words', () => {
    expect(count(10_480)).toBe('10\u202f480')
    expect(counted(1, 'clip')).toBe('1 clip')
    expect(counted(0, 'clip')).toBe('0 clips')
  })
  it('writes the date only where it is another day', () => {
    const now = new Date(2026, 10, 23, 20, 0)
    expect(clock(new Date(2026, 10, 23, 14, 2).toISOString(), now)).toBe('14:02')
    expect(clock(new Date(2026, 10, 22, 14, 2).toISOString(), now)).toBe('2026-11-22 14:02')
    expect(clock(null)).toBe('')
    expect(clock('nonsense')).toBe('')
  })
  it('knows the tape of camera letters and of sound, and plain tape for the rest', () => {
    expect([tape('A'), tape('s'), tape('Z'), tape(null), tape('AB')]).toEqual(['a', 'sound', 'none', 'none', 'none'])
  })
})
