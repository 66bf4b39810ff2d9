/** Our own mark: a gate, and water going through it. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b6a84" />
      <path d="M8 7v18M24 7v18M8 11.500h16" stroke="#fff" strokeWidth="2.600" strokeLinecap="round" />
      <path d="M8 18c2.700-2.200 5.300-2.200 8 0s5.300 2.200 8 0M8 23c2.700-2.200 5.300-2.200 8 0s5.300 2.200 8 0" stroke="#9fe3f5" strokeWidth="2.200" fill="none" strokeLinecap="round" />
    </svg>
  )
}
