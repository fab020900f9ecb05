import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import Root from './Root.svelte';
import { createApp } from './state/app.svelte.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('the document has no #app');

const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';
mount(Root, { target, props: { app: createApp(window), nonce } });
