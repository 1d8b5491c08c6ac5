/** The demo: a player with its telemetry, buttons that make trouble, and what becomes of it. */
import { element, write } from './dom.ts';
import { list } from './events.ts';
import type { SentEvent } from './events.ts';
import { draw } from './figures.ts';
import { position } from './format.ts';
import { Network } from './network.ts';
import { createPlayer } from './player.ts';
import { addressOf, figuresOf } from './server.ts';
import type { Answer } from './server.ts';
import { bufferedAheadSec, makeRoom, seek, stall, togglePause } from './trouble.ts';

const POLL_MS = 1000;
const LOOK_MS = 250;

const html = (id: string): HTMLElement => element(id, HTMLElement);
const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);

const video = element('video', HTMLVideoElement);
const network = new Network();
const player = createPlayer(video, network, onEvent);

function onEvent(event: SentEvent): void {
  list(event, html('events'), html('event-count'));
  if (typeof event['state'] === 'string') showState(event['state']);
}

function showState(state: string): void {
  html('state').dataset['state'] = state;
  write(html('state'), state);
}

/** What the element itself shows, between events. */
function lookAtVideo(): void {
  write(html('shown'), video.videoHeight > 0 ? `${video.videoWidth} × ${video.videoHeight}` : '–');
  write(html('ahead'), position(bufferedAheadSec(video)));
  write(html('network'), network.describe());
  write(button('pause'), video.paused ? 'Play' : 'Pause');
  // Loading another source resets the rate, and no event tells.
  press('fast', video.playbackRate !== 1);
}

async function poll(): Promise<void> {
  const sessionId = player.sessionId();
  if (sessionId !== null) {
    write(html('session-id'), sessionId);
    write(html('address'), addressOf(sessionId));
    show(await figuresOf(sessionId));
  }
  setTimeout(() => void poll(), POLL_MS);
}

function show(answer: Answer): void {
  const away = answer === 'away';
  html('reach').dataset['mood'] = away ? 'bad' : 'good';
  write(html('reach'), away ? 'server away' : 'server answers');
  if (away) return;
  write(html('liveness'), liveness(answer));
  if (answer !== 'unknown') draw(answer, html('spent'), html('legend'), html('figures'));
}

function liveness(answer: Exclude<Answer, 'away'>): string {
  if (answer === 'unknown') return 'waiting for its first event';
  if (answer.status === 'finished') return 'stored: the session went quiet';
  return answer.partial ? 'live, not all events' : 'live';
}

function press(id: string, pressed: boolean): void {
  button(id).setAttribute('aria-pressed', String(pressed));
}

function hint(text: string): void {
  write(html('hint'), text);
}

function toggleThrottle(): void {
  network.slow = !network.slow;
  press('throttle', network.slow);
  hint(
    network.slow
      ? `At ${network.kbps} kbit/s only the smallest rendition keeps up.`
      : 'The network is fast again.',
  );
}

async function makeStall(): Promise<void> {
  if (button('stall').ariaPressed === 'true') return;
  press('stall', true);
  hint('Nothing arrives any more. Playback stalls when the buffer has run dry, for 3 s.');
  await makeRoom(video);
  await stall(video, network);
  press('stall', false);
  hint('Segments arrive again.');
}

async function makeFail(): Promise<void> {
  await makeRoom(video);
  network.broken = true;
  hint('Every segment is missing now. The player gives up; a new session mends it.');
}

function toggleFast(): void {
  video.playbackRate = video.playbackRate === 1 ? 2 : 1;
}

function renew(): void {
  network.broken = false;
  video.playbackRate = 1;
  hint('');
  player.renew();
}

button('throttle').addEventListener('click', toggleThrottle);
button('stall').addEventListener('click', () => void makeStall());
button('fail').addEventListener('click', () => void makeFail());
button('seek').addEventListener('click', () => {
  seek(video);
});
button('pause').addEventListener('click', () => {
  togglePause(video);
});
button('fast').addEventListener('click', toggleFast);
button('renew').addEventListener('click', renew);
setInterval(lookAtVideo, LOOK_MS);
renew();
void poll();
