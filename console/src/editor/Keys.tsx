/** The keys, in one list. */
import { Dialog } from '../ui/Dialog.tsx'

const KEYS: readonly [string, string][] = [
  ['↑ ↓', 'From card to card, as the flow runs'],
  ['← →', 'Into a branch, and from TRUE to FALSE'],
  ['Enter', 'Open the card’s panel'],
  ['Esc', 'Close the panel, back to the card'],
  ['A', 'Add a step after the card'],
  ['Alt ↑ / Alt ↓', 'Move the card'],
  ['Space', 'Hide or show a condition’s branches'],
  ['Del', 'Remove the card'],
  ['Ctrl C / X / V', 'Copy, cut, paste: also into another flow'],
  ['Ctrl D', 'Duplicate'],
  ['Ctrl Z / Ctrl Shift Z', 'Undo, redo'],
  ['Ctrl S', 'Save as a new version'],
  ['Ctrl Enter', 'Run'],
  ['Ctrl F', 'Find in this flow'],
  ['Ctrl K', 'Find anything'],
  ['{{', 'In a field: what can be read there'],
]

export function Keys({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys">{KEYS.map(([keys, what]) => <div key={keys}><dt>{keys.split(' / ').map((part, index) => <span key={part}>{index > 0 && ' or '}<kbd>{part}</kbd></span>)}</dt><dd>{what}</dd></div>)}</dl>
    </Dialog>
  )
}
