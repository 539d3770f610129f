/** Messages of one sender may overtake each other by this many: they go over several connections when one is replaced. */
const numbersMax = 65_536

/** Tells whether a number was there before; what is older than the window counts as if it had been. RFC 4303, §3.4.3. */
export class ReplayWindow {
  readonly #seen = new Uint8Array(numbersMax / 8)
  #highest = 0

  /** @param number at least 1 @returns true the first time */
  accept(number: number): boolean {
    if (number <= this.#highest - numbersMax) return false
    this.#moveTo(number)
    const [index, bit] = placeOf(number)
    const seen = this.#seen[index] ?? 0
    if ((seen & bit) !== 0) return false
    this.#seen[index] = seen | bit
    return true
  }

  #moveTo(number: number): void {
    if (number <= this.#highest) return
    if (number - this.#highest >= numbersMax) this.#seen.fill(0)
    else for (let entering = this.#highest + 1; entering <= number; entering += 1) this.#clear(entering)
    this.#highest = number
  }

  #clear(number: number): void {
    const [index, bit] = placeOf(number)
    this.#seen[index] = (this.#seen[index] ?? 0) & ~bit
  }
}

function placeOf(number: number): [index: number, bit: number] {
  const place = number % numbersMax
  return [place >>> 3, 1 << (place & 7)]
}
