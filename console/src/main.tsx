import './ui/font.css'
import './ui/tokens.css'
import './ui/base.css'
import './app/shell.css'
import './pages/pages.css'
import './editor/canvas.css'
import { createRoot } from 'react-dom/client'
import { App } from './app/App.tsx'
import { startTheme } from './app/theme.ts'

startTheme()
const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
