// Runes everywhere; component styles leave as files, so that the page needs no `unsafe-inline`.
export default {
  compilerOptions: { runes: true, css: 'external' },
}
