/** How kinds of steps look: an icon and a hue. What is not listed looks like its family. */
import type { Action, ActionSpec, JsonObject } from '../api/types.ts'
import { describe } from '../flow/conditions.ts'
import type { IconName } from '../ui/Icon.tsx'

const ICONS: Record<string, IconName> = {
  'AUTH0/CREATE_USER': 'userPlus', 'AUTH0/GET_USER': 'user', 'AUTH0/UPDATE_USER': 'userEdit', 'AUTH0/SEND_REQUEST': 'globe',
  'AUTH0/SEND_EMAIL': 'mail', 'AUTH0/SEND_SMS': 'sms', 'AUTH0/MAKE_CALL': 'call',
  'FLOW/BOOLEAN_CONDITION': 'branch', 'FLOW/DELAY_FLOW': 'clock', 'FLOW/DO_NOTHING': 'dot', 'FLOW/ERROR_MESSAGE': 'error',
  'FLOW/MAP_VALUE': 'map', 'FLOW/RETURN_JSON': 'json', 'FLOW/STORE_VARS': 'store',
  'EMAIL/VERIFY_EMAIL': 'mail', 'OTP/GENERATE_CODE': 'shield', 'OTP/VERIFY_CODE': 'shield', 'SLACK/POST_MESSAGE': 'sms',
  'TWILIO/SEND_SMS': 'sms', 'TWILIO/MAKE_CALL': 'call', 'SENDGRID/SEND_EMAIL': 'mail', 'MAILJET/SEND_EMAIL': 'mail', 'TELEGRAM/SEND_MESSAGE': 'sms', 'WHATSAPP/SEND_MESSAGE': 'sms',
}
const FAMILIES: Record<string, IconName> = { AUTH0: 'shield', FLOW: 'flow', HTTP: 'globe', JSON: 'json', XML: 'code', JWT: 'key', OTP: 'shield', STRIPE: 'money', EMAIL: 'mail' }
const TITLES: Record<string, string> = { AUTH0: 'Auth0', FLOW: 'Logic', HTTP: 'HTTP', JSON: 'JSON', XML: 'XML', JWT: 'JSON Web Token', OTP: 'One-time codes', EMAIL: 'Email', GOOGLE_SHEETS: 'Google Sheets', BIGQUERY: 'BigQuery', DOCUSIGN: 'DocuSign', HUBSPOT: 'HubSpot', SENDGRID: 'SendGrid', WHATSAPP: 'WhatsApp', ACTIVECAMPAIGN: 'ActiveCampaign' }

export const iconOf = (type: string, action: string): IconName => ICONS[`${type}/${action}`] ?? FAMILIES[type] ?? 'puzzle'
export const familyTitle = (type: string) => TITLES[type] ?? type.charAt(0) + type.slice(1).toLowerCase().replaceAll('_', ' ')

export function hueOf(type: string, action: string): string {
  if (action === 'BOOLEAN_CONDITION' || type === 'FLOW') return 'logic'
  if (/EMAIL|SMS|CALL|MESSAGE/.test(action)) return 'notify'
  return type === 'AUTH0' ? 'tenant' : 'other'
}

export function titleOf(action: { type: string; action: string }, specs: readonly ActionSpec[] | undefined): string {
  return specs?.find((spec) => spec.type === action.type && spec.action === action.action)?.title ?? action.action.charAt(0) + action.action.slice(1).toLowerCase().replaceAll('_', ' ')
}

/** The second line of a card: the alias, or what the step is about. */
export function subtitleOf(action: Action): string {
  if (action.alias) return action.alias
  const params: JsonObject = action.params ?? {}
  if (action.action === 'BOOLEAN_CONDITION') return describe(params['if'])
  for (const name of ['to', 'user_id', 'pathname', 'url', 'message', 'input']) {
    const value = params[name]
    if (typeof value === 'string' && value) return value
  }
  return ''
}
