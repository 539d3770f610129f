/**
 * Whether `pattern` fits all of `text`, each a list of letters or of larger parts. A star stands for any run of parts,
 * none included. Remembers only the last star: a later one matches whatever an earlier one could have, so going back
 * further never helps. No part of the pattern meets the same part of the text twice, whatever the stars.
 */
export function matchWithStars<Sign, Part>(
  pattern: ArrayLike<Sign>,
  text: ArrayLike<Part>,
  isStar: (sign: Sign) => boolean,
  fits: (sign: Sign, part: Part) => boolean,
): boolean {
  let at = 0
  let star = -1
  let resumeAt = 0
  let index = 0
  while (index < text.length) {
    const sign = pattern[at]
    const part = text[index]
    if (sign !== undefined && isStar(sign)) {
      star = at++
      resumeAt = index
    } else if (sign !== undefined && part !== undefined && fits(sign, part)) {
      at++
      index++
    } else if (star === -1) {
      return false
    } else {
      at = star + 1
      index = ++resumeAt
    }
  }
  return onlyStars(pattern, at, isStar)
}

function onlyStars<Sign>(pattern: ArrayLike<Sign>, from: number, isStar: (sign: Sign) => boolean): boolean {
  for (let at = from; at < pattern.length; at++) {
    const sign = pattern[at]
    if (sign === undefined || !isStar(sign)) return false
  }
  return true
}
