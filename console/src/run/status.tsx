import { Icon, Spinner, type IconName } from '../ui/Icon.tsx'

const LOOK: Record<string, { kind: string; icon: IconName | 'spin'; words: string }> = {
  QUEUED: { kind: '', icon: 'clock', words: 'Queued' },
  RUNNING: { kind: 'accent', icon: 'spin', words: 'Running' },
  SENDING: { kind: 'accent', icon: 'spin', words: 'Sending' },
  DELAYED: { kind: 'info', icon: 'clock', words: 'Waiting' },
  RETRYING: { kind: 'warn', icon: 'retry', words: 'Retrying' },
  COMPLETED: { kind: 'good', icon: 'check', words: 'Completed' },
  SENT: { kind: 'good', icon: 'check', words: 'Sent' },
  DELIVERED: { kind: 'good', icon: 'check', words: 'Delivered' },
  CAPTURED: { kind: 'good', icon: 'check', words: 'Captured' },
  FAILED: { kind: 'bad', icon: 'close', words: 'Failed' },
  DEAD: { kind: 'bad', icon: 'close', words: 'Not delivered' },
  UNKNOWN: { kind: 'warn', icon: 'warn', words: 'Outcome unknown' },
  CANCELLED: { kind: 'warn', icon: 'stop', words: 'Cancelled' },
  DISCARDED: { kind: '', icon: 'trash', words: 'Given up' },
}

export const statusWords = (status: string) => LOOK[status]?.words ?? status.charAt(0) + status.slice(1).toLowerCase()

export function Status({ status }: { status: string }) {
  const look = LOOK[status]
  return <span className={`badge ${look?.kind ?? ''}`}>{look?.icon === 'spin' ? <Spinner size={12} /> : look && <Icon name={look.icon} size={12} />}{statusWords(status)}</span>
}
