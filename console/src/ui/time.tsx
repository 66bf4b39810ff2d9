/** Moments and durations, in words. */
import { useEffect, useState } from 'react'

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })

export function ago(moment: string, now = Date.now()): string {
  const seconds = (new Date(moment).getTime() - now) / 1000
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [[60, 'second'], [3600, 'minute'], [86_400, 'hour'], [86_400 * 30, 'day'], [Infinity, 'month']]
  if (Math.abs(seconds) < 5) return 'just now'
  let size = 1
  for (const [limit, unit] of steps) {
    if (Math.abs(seconds) < limit) return relative.format(Math.round(seconds / size), unit)
    size = limit
  }
  return moment
}

export function Ago({ at }: { at: string | null | undefined }) {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 20_000)
    return () => clearInterval(timer)
  }, [])
  if (!at) return <span className="muted">never</span>
  return <time dateTime={at} title={exact.format(new Date(at))} className="nowrap">{ago(at)}</time>
}

export const exactTime = (moment: string) => exact.format(new Date(moment))

export function duration(from: string | null | undefined, to: string | null | undefined): string {
  if (!from) return ''
  const ms = new Date(to ?? Date.now()).getTime() - new Date(from).getTime()
  if (ms < 1000) return `${Math.max(0, ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
  return `${(ms / 3_600_000).toFixed(1)} h`
}
