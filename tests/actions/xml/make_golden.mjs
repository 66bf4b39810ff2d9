// Writes golden.jsonl beside it: what xml2js 0.6.2 makes of these cases.
// npm install xml2js@0.6.2 && node make_golden.mjs
import { writeFileSync } from 'node:fs'
import xml2js from 'xml2js'

const documents = [
  '<name>John Doe</name>', '<a/>', '<a></a>', '<a> </a>', '<a>  1  </a>', '<a x="1"/>', '<a x="">t</a>',
  '<a><b>1</b><b>2</b><c/></a>', '<a x="1">t</a>', '<a x="1"><b y="2"/>mid<b>z</b>tail</a>',
  '<a><![CDATA[ <x> ]]></a>', '<a><![CDATA[]]></a>', '<a> <![CDATA[q]]> </a>', '<a>&lt;&amp;&#x41;&quot;</a>',
  '<?xml version="1.0"?><!-- c --><a><!-- d -->x<!-- e -->y<?pi z?></a>', '<n:a xmlns:n="u"><n:b/></n:a>',
  '<a>\n  <b> 1 </b>\n</a>', '<!DOCTYPE a><a>1</a>', '<a><b><c>1</c></b><b><c>2</c></b></a>',
  '<é ü="ö">日本</é>', '<a><b x="1"/><b>t</b></a>', '<a>1<b/>2</a>', '<a><b/><b/><b/></a>', '<a>1</a>\n',
  '<soap:Envelope xmlns:soap="s"><soap:Body><r id="1"><v>7</v></r></soap:Body></soap:Envelope>',
]
const objects = [
  { name: 'John Doe' }, {}, { a: 1, b: 2 }, { a: null }, { a: '' }, { a: 1.5 }, { a: false }, { a: 'x\ny' },
  { a: { b: [1, '2', true, null, { c: 1 }] } }, { a: { $: { x: 1, y: '<">\n\t&' }, _: 't<>&\r' } },
  { a: { $: { x: 1 }, b: 1, _: 'txt' } }, { a: { $: { x: 1 }, _: 'txt', b: 1 } }, { a: { b: {} } }, { a: { b: [] } },
  { a: { b: [[{ c: 1 }]] } }, { a: { b: '日本 😀' } }, { a: { b: { c: { d: 'e' } } } }, { $: { x: '1' }, a: 1 },
  { a: { _: 'only' } }, { a: 1e21 }, { a: { b: '  ' } }, { a: { b: 'x', c: [{ $: { i: 1 } }, { $: { i: 2 }, _: 'y' }] } },
  { 'soap:Envelope': { $: { 'xmlns:soap': 's' }, 'soap:Body': { r: '7' } } },
]
const lines = []
for (const xml of documents) {
  xml2js.parseString(xml, { explicitArray: false }, (error, object) => {
    if (error) throw error
    lines.push({ xml, object })
  })
}
for (const object of objects) lines.push({ object, written: new xml2js.Builder().buildObject(object) })
writeFileSync(new URL('golden.jsonl', import.meta.url), lines.map((line) => JSON.stringify(line) + '\n').join(''))
