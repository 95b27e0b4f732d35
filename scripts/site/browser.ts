// A Chromium, spoken to over its debugging pipe: no package drives it. Used by check.ts.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser that FLAMBEAU_CHROMIUM names, or one that is installed; null if there is none. */
export function findBrowser(): string | null {
  const named = process.env['FLAMBEAU_CHROMIUM'];
  if (named) return named;
  return NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) ?? null;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}
type Answer = Record<string, unknown>;

/** A browser with one tab. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile = mkdtempSync(join(tmpdir(), 'flambeau-browser-'));
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  readonly #events: Message[] = [];
  #loaded: (() => void) | null = null;
  #session: string | undefined;
  #next = 1;

  constructor(executable: string) {
    // as root, and in containers, there is no sandbox; the pages are our own
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage'];
    this.#process = spawn(executable, [...args, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const failed = (reason: string): void => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${executable}: ${reason}`));
      this.#waiting.clear();
    };
    this.#process.on('error', (error) => failed(error.message));
    this.#process.on('exit', (code) => failed(`ended with ${code}`));
    let rest = '';
    const output = this.#process.stdio[4] as Readable;
    output.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop()!;
      for (const message of messages) this.#receive(JSON.parse(message) as Message);
    });
  }

  #receive(message: Message): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (waiting) {
      this.#waiting.delete(message.id!);
      if (message.error) waiting.reject(new Error(message.error.message));
      else waiting.resolve(message.result ?? {});
    } else if (message.method === 'Page.loadEventFired') this.#loaded?.();
    else this.#events.push(message);
  }

  /** Calls a method of the DevTools protocol. */
  call(method: string, params: Answer = {}): Promise<Answer> {
    const id = this.#next++;
    const input = this.#process.stdio[3] as Writable;
    input.write(`${JSON.stringify({ id, method, params, sessionId: this.#session })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Opens the tab. */
  async start(): Promise<void> {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    this.#session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.call(`${domain}.enable`);
  }

  /** Sets the size of the window, and whether it is a phone's. */
  async size(width: number, height: number, mobile: boolean): Promise<void> {
    await this.call('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor: 1 });
  }

  /** Loads a page; gives what it wrote to the console as errors or warnings, and what could not be loaded. */
  async open(url: string): Promise<string[]> {
    this.#events.length = 0;
    const loaded = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${url}: not loaded after 30 s`)), 30_000);
      this.#loaded = () => {
        clearTimeout(late);
        resolve();
      };
    });
    await this.call('Page.navigate', { url });
    await loaded;
    await this.run('document.fonts.ready.then(() => 0)');
    return this.#events.flatMap(({ method, params = {} }) => {
      if (method === 'Runtime.exceptionThrown') return [`exception: ${JSON.stringify(params['exceptionDetails'])}`];
      if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(String(params['type'])))
        return [`console: ${JSON.stringify(params['args'])}`];
      if (method === 'Log.entryAdded') return [`log: ${JSON.stringify(params['entry'])}`];
      if (method === 'Network.loadingFailed') return [`not loaded: ${JSON.stringify(params)}`];
      return [];
    });
  }

  /** The value of an expression in the page. */
  async run<T>(expression: string): Promise<T> {
    const answer = await this.call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (answer['exceptionDetails']) throw new Error(JSON.stringify(answer['exceptionDetails']));
    return (answer['result'] as { value: T }).value;
  }

  /** A picture of the window, as PNG. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }

  /** Ends it. */
  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    this.#session = undefined;
    this.call('Browser.close').catch(() => {}); // it may end before it answers
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 3 });
  }
}
