/** What the server sends, as far as the console reads it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export interface Action {
  id: string
  alias?: string | null
  type: string
  action: string
  allow_failure?: boolean
  mask_output?: boolean
  params?: JsonObject
}

export interface Flow { id: string; name: string; actions: Action[]; created_at?: string; updated_at?: string; executed_at?: string }
export interface FlowVersion { version: number; name: string; created_at: string; comment?: string; actor?: string; actions?: Action[] }

export interface Schema {
  title?: string
  description?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  items?: Schema
  enum?: Json[]
  default?: Json
  examples?: Json[]
  $ref?: string
  $defs?: Record<string, Schema>
  minLength?: number
  maxLength?: number
  additionalProperties?: boolean | Schema
  'x-widget'?: string
  'x-language'?: string
  'x-tip'?: string
  'x-app'?: string
}

export interface ActionSpec {
  type: string
  action: string
  title: string
  summary: string
  params: Schema
  output: Schema
  example: JsonObject
  source: string
  liquid_params: string[]
  branch_params: string[]
  scopes: string[]
  effect: string
}

export interface FunctionSpec { name: string; signature: string; summary: string; examples: string[] }

export type ExecutionStatus = 'QUEUED' | 'RUNNING' | 'DELAYED' | 'COMPLETED' | 'FAILED' | 'CANCELLED'
export interface StepError { code: string; message: string; at?: string; hint?: string; details?: Json }
export interface Step {
  id: string
  alias?: string | null
  type: string
  action: string
  status: string
  attempts: number
  input: Json
  output: Json
  error: StepError | null
  status_code: number | null
  started_at: string | null
  ended_at: string | null
}
export interface Input { context?: JsonObject; fields?: JsonObject; vars?: JsonObject }
export interface Execution {
  id: string
  trace_id: string
  status: ExecutionStatus
  created_at: string
  updated_at: string
  started_at?: string
  ended_at?: string
  flow?: { id: string; name: string; version: number }
  debug?: { flow: { id: string; name: string; version: number }; input: Input | null; steps: Step[]; output: Json; error: (StepError & { step?: string }) | null }
}

export interface Connection { id: string; app_id: string; name: string; ready: boolean; account_name?: string; environment?: string; created_at?: string; updated_at?: string; refreshed_at?: string | null; fingerprint?: string }

export interface Message {
  id: string
  channel: string
  status: string
  execution_id: string
  step_id: string
  message: JsonObject
  attempts: number
  history: JsonObject[]
  receipt: Json
  created_at: string
  updated_at: string
}

export interface User { user_id: string; email?: string; name?: string; nickname?: string; username?: string; phone_number?: string; picture?: string; created_at?: string; updated_at?: string; last_login?: string; blocked?: boolean; identities?: { connection: string }[]; [key: string]: Json | undefined }
export interface Client { client_id: string; name: string; app_type?: string; client_secret?: string; grant_types?: string[]; global?: boolean; description?: string }
export interface Problem { at: string; code?: string; message: string; hint?: string; severity?: string }

export interface Overview {
  version: string
  is_development: boolean
  tenant: { name: string; friendly_name?: string; domain: string; audience: string }
  email: { name: string; enabled: boolean; default_from_address?: string } | null
  phone: { id: string; name: string; disabled: boolean; configuration?: JsonObject }[]
  routes: string[]
  counts: { executions: Record<string, number>; outbox: Record<string, number> }
}
