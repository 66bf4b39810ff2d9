/** Light, dark, or as the system has it. */
import { useSyncExternalStore } from 'react'

export type Theme = 'light' | 'dark' | 'system'
const KEY = 'sluiceway.theme'
const system = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : 'system'
  } catch { return 'system' }
}

function apply() {
  const theme = stored()
  document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme
  for (const listener of listeners) listener()
}

export function startTheme() {
  apply()
  system.addEventListener('change', apply)
}

export function setTheme(theme: Theme) {
  try {
    if (theme === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch { document.documentElement.dataset.theme = theme }
  apply()
}

export const useTheme = () => useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener) }, stored)
