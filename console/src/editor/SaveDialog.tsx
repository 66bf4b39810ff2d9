/** Saving: what changes, why, and what to do where somebody else saved meanwhile. */
import { useState } from 'react'
import { Button, Note, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { toast } from '../ui/toasts.tsx'
import { FlowDiff } from './FlowDiff.tsx'
import { useEditor, useStore, type Doc } from './store.ts'

export function SaveDialog({ onSave, onClose }: { onSave: (comment: string) => Promise<void>; onClose: () => void }) {
  const store = useStore()
  const [comment, setComment] = useState('')
  const [busy, setBusy] = useState(false)
  const [[saved, after]] = useState(() => [store.get().saved, store.doc] as const)
  const theirs = useEditor((state) => state.theirs)
  const problems = useEditor((state) => state.allProblems.filter((one) => one.severity !== 'warning').length)
  const take = (doc: Doc) => {
    store.takeOver(doc)
    toast('Your changes were put aside: undo brings them back.')
    onClose()
  }
  return (
    <Dialog size="wide" title="Save as a new version" onClose={onClose} onSubmit={() => { setBusy(true); void onSave(comment).finally(() => setBusy(false)) }} foot={<>
      {theirs && <><Button kind="quiet" icon="download" onClick={() => take(theirs)}>Take theirs</Button><span className="grow" /></>}
      <Button onClick={onClose}>Cancel</Button>
      <Button type="submit" kind="primary" icon="save" busy={busy}>{theirs ? 'Save mine over it' : 'Save'}</Button>
    </>}>
      <div className="stack">
        {theirs && <div role="alert"><Note kind="warn"><b>This flow was saved elsewhere since you opened it.</b> Below is what saving yours would change in it. Theirs stays among the versions either way.</Note></div>}
        {problems > 0 && <Note kind="warn">{problems} {problems === 1 ? 'problem is' : 'problems are'} left. The flow can be saved; the steps concerned will fail when they run.</Note>}
        <TextField label="What changed, and why" value={comment} onChange={setComment} maxLength={500} autoFocus placeholder="For those who read the versions later" />
        <FlowDiff before={theirs ?? saved} after={after} />
      </div>
    </Dialog>
  )
}
