/** The reads that several pages share. */
import { get, seg } from './client.ts'
import { useQuery } from './query.ts'
import type { ActionSpec, Connection, Execution, Flow, FunctionSpec, Overview } from './types.ts'

const LONG = 5 * 60_000

export const useActions = () => useQuery('actions', () => get<{ actions: ActionSpec[] }>('/sluiceway/v1/actions').then((answer) => answer.actions), { fresh: LONG }).data
export const useFunctions = () => useQuery('functions', () => get<{ functions: FunctionSpec[] }>('/sluiceway/v1/functions').then((answer) => answer.functions), { fresh: LONG }).data
export const useOverview = () => useQuery('overview', () => get<Overview>('/sluiceway/v1/overview'), { fresh: 5000 })

/** Whether the server has an endpoint: parts of the console whose endpoint is not there say so. */
export function useHas(route: string): boolean | undefined {
  const routes = useOverview().data?.routes
  return routes?.includes(route)
}

export const useFlows = () => useQuery('flows', listFlows)
export async function listFlows(): Promise<Flow[]> {
  const all: Flow[] = []
  for (let page = 0; ; page++) {
    const { flows, total } = await get<{ flows: Flow[]; total: number }>('/api/v2/flows', { per_page: 100, page, include_totals: true })
    all.push(...flows)
    if (all.length >= total || !flows.length) return all
  }
}

export const LOCAL: Connection = { id: 'local', app_id: 'AUTH0', name: 'local', ready: true }
export const useConnections = () => useQuery('vault', listConnections)
export async function listConnections(): Promise<Connection[]> {
  const all: Connection[] = []
  for (let page = 0; ; page++) {
    const { connections, total } = await get<{ connections: Connection[]; total: number }>('/api/v2/flows/vault/connections', { per_page: 50, page, include_totals: true })
    all.push(...connections)
    if (all.length >= total || !connections.length) return [LOCAL, ...all.filter((one) => one.id !== 'local')]
  }
}

export const getExecution = (id: string) => get<Execution>(`/sluiceway/v1/executions/${seg(id)}`, { hydrate: 'debug' })

export async function lastExecution(flowId: string): Promise<Execution | null> {
  const { executions } = await get<{ executions: Execution[] }>('/sluiceway/v1/executions', { flow_id: flowId, take: 1 })
  return executions[0] ? getExecution(executions[0].id) : null
}
