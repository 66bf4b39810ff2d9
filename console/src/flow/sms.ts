/** How a text message travels: GSM-7 or UCS-2, and in how many parts (3GPP TS 23.038, 23.040). */
const GSM = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const EXTENDED = '\f^{}\\[~]|€'

export function segments(text: string): { encoding: 'GSM-7' | 'UCS-2'; length: number; parts: number; left: number } {
  const characters = [...text]
  const isGsm = characters.every((character) => GSM.includes(character) || EXTENDED.includes(character))
  const length = isGsm ? characters.reduce((sum, character) => sum + (EXTENDED.includes(character) ? 2 : 1), 0) : text.length
  const [single, many] = isGsm ? [160, 153] : [70, 67]
  const parts = length <= single ? Math.min(1, length) : Math.ceil(length / many)
  const room = parts <= 1 ? single : parts * many
  return { encoding: isGsm ? 'GSM-7' : 'UCS-2', length, parts, left: room - length }
}
