/** Two texts side by side, line by line: what stayed stands level with itself. */

export interface Row { before: string | null; after: string | null; numbers: [number, number] }

const MOST = 4_000_000

/** Pair the lines of two texts; a line that is on one side only stands beside nothing. */
export function alignLines(before: string, after: string): Row[] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const rows: Row[] = []
  let gone: number[] = []
  let came: number[] = []
  const flush = () => {
    for (let at = 0; at < Math.max(gone.length, came.length); at++) {
      const [one, other] = [gone[at], came[at]]
      rows.push({ before: one === undefined ? null : old[one] ?? '', after: other === undefined ? null : now[other] ?? '', numbers: [one === undefined ? 0 : one + 1, other === undefined ? 0 : other + 1] })
    }
    gone = []
    came = []
  }
  for (const [one, other] of path(old, now)) {
    if (one !== null && other !== null) {
      flush()
      rows.push({ before: old[one] ?? '', after: now[other] ?? '', numbers: [one + 1, other + 1] })
    } else if (one !== null) gone.push(one)
    else if (other !== null) came.push(other)
  }
  flush()
  return rows
}

export const isSameRow = (row: Row) => row.before === row.after

/** Where two lines differ: what they share at both ends is left out. */
export function inner(before: string, after: string): { start: number; beforeEnd: number; afterEnd: number } {
  let start = 0
  while (start < before.length && before[start] === after[start]) start++
  let end = 0
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  return { start, beforeEnd: before.length - end, afterEnd: after.length - end }
}

/** Indexes of both sides in order: a pair where a line is common to both, else one of them alone. */
function path(old: readonly string[], now: readonly string[]): [number | null, number | null][] {
  let head = 0
  while (head < old.length && head < now.length && old[head] === now[head]) head++
  let tail = 0
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++
  const [height, width] = [old.length - head - tail, now.length - head - tail]
  const result: [number | null, number | null][] = []
  for (let at = 0; at < head; at++) result.push([at, at])
  if (height * width > MOST) {
    // Too much to compare line by line: the middle is shown as replaced.
    for (let at = 0; at < height; at++) result.push([head + at, null])
    for (let at = 0; at < width; at++) result.push([null, head + at])
  } else {
    // The longest common subsequence, from its end.
    const best = new Uint32Array((height + 1) * (width + 1))
    const cell = (row: number, column: number) => best[row * (width + 1) + column] ?? 0
    for (let row = height - 1; row >= 0; row--) for (let column = width - 1; column >= 0; column--) {
      best[row * (width + 1) + column] = old[head + row] === now[head + column] ? cell(row + 1, column + 1) + 1 : Math.max(cell(row + 1, column), cell(row, column + 1))
    }
    let [row, column] = [0, 0]
    while (row < height || column < width) {
      if (row < height && column < width && old[head + row] === now[head + column]) result.push([head + row++, head + column++])
      else if (column >= width || (row < height && cell(row + 1, column) >= cell(row, column + 1))) result.push([head + row++, null])
      else result.push([null, head + column++])
    }
  }
  for (let at = tail; at > 0; at--) result.push([old.length - at, now.length - at])
  return result
}
