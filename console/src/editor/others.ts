/** What others save while a flow is open here: it is neither missed nor written over unseen. */
import { useEffect } from 'react'
import { get, seg } from '../api/client.ts'
import { refresh, setData, useQuery } from '../api/query.ts'
import type { Flow } from '../api/types.ts'
import { toast } from '../ui/toasts.tsx'
import { sameDoc, type Doc, type EditorStore } from './store.ts'

export const docOf = (flow: Flow): Doc => ({ name: flow.name, actions: flow.actions ?? [] })

const readFlow = (id: string) => get<Flow>(`/api/v2/flows/${seg(id)}`)

/** Show what others saved, or, where there is unsaved work, say that they did. */
export function useOthers(store: EditorStore) {
  const key = `flow/${store.flowId}`
  const flow = useQuery(key, () => readFlow(store.flowId)).data
  useEffect(() => {
    const look = () => void refresh(key)
    addEventListener('focus', look)
    return () => removeEventListener('focus', look)
  }, [key])
  useEffect(() => {
    const found = flow && docOf(flow)
    if (!found || sameDoc(found, store.base)) return
    if (store.isDirty) store.set({ theirs: found })
    else {
      store.takeOver(found)
      toast('This flow was changed elsewhere. Here it is as it is now.')
    }
  }, [flow, store])
}

/** Whether saving would write over something that was not shown; it is shown then. */
export async function isChangedElsewhere(store: EditorStore): Promise<boolean> {
  const flow = await readFlow(store.flowId)
  const found = docOf(flow)
  if (sameDoc(found, store.get().theirs ?? store.base)) return false
  setData(`flow/${store.flowId}`, flow)
  store.set({ theirs: found })
  return true
}
