/** Follow an execution by server-sent events; what was missed is read at the end. */
import { seg } from '../api/client.ts'
import { getExecution } from '../api/resources.ts'
import type { Execution, ExecutionStatus, Step } from '../api/types.ts'

export const isOver = (status: string) => status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED'

export interface Live { execution: Execution; steps: Record<string, Step>; order: string[]; isLive: boolean }

export function stateOf(execution: Execution, isLive: boolean): Live {
  const steps = execution.debug?.steps ?? []
  return { execution, steps: Object.fromEntries(steps.map((step) => [step.id, step])), order: steps.map((step) => step.id), isLive }
}

/** Tell *onChange* of each step as it happens, and of the whole record at the end. Returns a stop. */
export function follow(first: Execution, onChange: (state: Live) => void): () => void {
  let state = stateOf(first, !isOver(first.status))
  let stopped = false
  onChange(state)
  const finish = async () => {
    const whole = await getExecution(first.id)
    if (!stopped) onChange((state = stateOf(whole, !isOver(whole.status))))
  }
  if (!state.isLive) {
    if (!first.debug) void finish()
    return () => { stopped = true }
  }
  const source = new EventSource(`/sluiceway/v1/executions/${seg(first.id)}/events`)
  const onStep = (event: MessageEvent<string>) => {
    const { step } = JSON.parse(event.data) as { step?: Step }
    if (!step || stopped) return
    const known = state.steps[step.id]
    if (known && isOver(known.status) && step.status === 'RUNNING') return
    state = {
      ...state,
      execution: { ...state.execution, status: step.status === 'DELAYED' ? 'DELAYED' : 'RUNNING' },
      steps: { ...state.steps, [step.id]: step },
      order: known ? state.order : [...state.order, step.id],
    }
    onChange(state)
  }
  for (const type of ['step_started', 'step_completed', 'step_failed', 'step_delayed']) source.addEventListener(type, onStep as EventListener)
  source.addEventListener('execution_started', () => {
    if (state.execution.status === 'QUEUED') onChange((state = { ...state, execution: { ...state.execution, status: 'RUNNING' as ExecutionStatus } }))
  })
  source.addEventListener('execution_finished', () => { source.close(); void finish() })
  source.onerror = () => {
    // The browser tries again by itself, unless the answer was no stream at all.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => void finish(), 500)
  }
  return () => { stopped = true; source.close() }
}
