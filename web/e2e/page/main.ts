/**
 * The page under test: one video, one player, at most one telemetry client, and the recorder of the truth.
 *
 * Tests steer it through `window.page`. The player loads and plays as soon as the page is there.
 */
import { OriginalClient } from './original-client.ts';
import { createPlayer, type PagePlayer } from './players/index.ts';
import { attachPlugin, type AttachedPlugin } from './plugin.ts';
import type { Recording } from './recording.ts';
import type { PageSetup } from './setup.ts';
import { TruthRecorder } from './truth-recorder.ts';

declare global {
  interface Window {
    page?: Page;
  }
}

class Page {
  private constructor(
    readonly video: HTMLVideoElement,
    private readonly recorder: TruthRecorder,
    private readonly player: PagePlayer,
    readonly plugin: AttachedPlugin | undefined,
  ) {
    player.onFailure?.(() => {
      recorder.markFailure();
    });
  }

  get hasFailed(): boolean {
    return this.recorder.recording().failedAtMs !== undefined;
  }

  static async open(setup: PageSetup): Promise<Page> {
    const video = document.querySelector('video');
    if (video === null) throw new Error('the page has no video');
    video.muted = setup.muted;
    const recorder = new TruthRecorder(video);
    const player = await createPlayer(setup.player, video, setup.config);
    const plugin = setup.client === 'plugin' ? await attachPlugin(player.api, video, setup) : undefined;
    if (setup.client === 'original') new OriginalClient(player.api, video, setup);
    return new Page(video, recorder, player, plugin);
  }

  load(source: string): void {
    this.recorder.markLoad();
    this.player.load(source);
  }

  /** The name of the error when the browser does not allow it. */
  async play(): Promise<string> {
    try {
      await this.video.play();
      return 'playing';
    } catch (error) {
      return (error as Error).name;
    }
  }

  show(height: number): void {
    this.player.show(height);
  }

  recording(): Recording {
    return this.recorder.recording();
  }
}

const setup = JSON.parse(new URLSearchParams(location.search).get('setup') ?? '{}') as PageSetup;
const page = await Page.open(setup);
page.load(setup.source);
void page.play();
window.page = page;
