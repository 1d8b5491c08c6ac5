/**
 * An imitation of the client that is in the field since before the plugin: six events, no seq, no
 * heartbeat. It is written from the description of what it sends, and sends each event at once.
 *
 * BUFFER_START is every `waiting`, so also at startup and on seeks; PLAYER_ERROR is every error of hls.js.
 */
import type HlsClass from 'hls.js';

import type { PageSetup } from './setup.ts';

declare const Hls: typeof HlsClass;

type EventType = 'PLAY' | 'PAUSE' | 'BUFFER_START' | 'BUFFER_END' | 'QUALITY_CHANGE' | 'PLAYER_ERROR';

const RESEND_AFTER_MS = 1000;

export class OriginalClient {
  private readonly hls: HlsClass;
  private readonly sessionId = `${crypto.randomUUID()}-${Date.now()}`;
  private waitingSinceMs: number | undefined;
  private playingSinceMs: number | undefined;
  private pausedSinceMs: number | undefined;
  private readonly engagement = { totalWatchTime: 0, totalPauseTime: 0, interactionCount: 0 };

  constructor(
    player: unknown,
    private readonly video: HTMLVideoElement,
    private readonly setup: PageSetup,
  ) {
    this.hls = player as HlsClass;
    this.listen();
  }

  private listen(): void {
    const on = (event: string, handle: () => void): void => {
      this.video.addEventListener(event, handle);
    };
    on('play', () => {
      this.onPlay();
    });
    on('pause', () => {
      this.onPause();
    });
    on('waiting', () => {
      this.onWaiting();
    });
    on('playing', () => {
      this.onPlaying();
    });
    this.hls.on(Hls.Events.LEVEL_SWITCHED, (_event, { level }) => {
      this.send('QUALITY_CHANGE', { quality: this.quality(level) });
    });
    this.hls.on(Hls.Events.ERROR, (_event, { type, details, fatal }) => {
      this.send('PLAYER_ERROR', { error: { type, details, fatal } });
    });
  }

  private onPlay(): void {
    const nowMs = Date.now();
    if (this.pausedSinceMs !== undefined) this.engagement.totalPauseTime += nowMs - this.pausedSinceMs;
    this.pausedSinceMs = undefined;
    this.playingSinceMs = nowMs;
    this.engagement.interactionCount += 1;
    this.send('PLAY');
  }

  private onPause(): void {
    const nowMs = Date.now();
    if (this.playingSinceMs !== undefined) this.engagement.totalWatchTime += nowMs - this.playingSinceMs;
    this.playingSinceMs = undefined;
    this.pausedSinceMs = nowMs;
    this.engagement.interactionCount += 1;
    this.send('PAUSE');
  }

  private onWaiting(): void {
    this.waitingSinceMs = Date.now();
    this.send('BUFFER_START', { buffering: { startedAt: this.waitingSinceMs } });
  }

  private onPlaying(): void {
    if (this.waitingSinceMs === undefined) return;
    const startedAt = this.waitingSinceMs;
    const endedAt = Date.now();
    this.waitingSinceMs = undefined;
    this.send('BUFFER_END', { buffering: { startedAt, endedAt, durationMs: endedAt - startedAt } });
  }

  private quality(index = this.hls.currentLevel): object {
    const level = this.hls.levels[index];
    if (level === undefined) return { bitrateKbps: null, width: null, height: null, resolution: null };
    const { bitrate, width, height } = level;
    return { bitrateKbps: Math.round(bitrate / 1000), width, height, resolution: `${height}p` };
  }

  private bufferLengthSec(): number {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i))
        return buffered.end(i) - currentTime;
    }
    return 0;
  }

  private send(eventType: EventType, more: object = {}): void {
    const { totalVideoFrames, droppedVideoFrames } = this.video.getVideoPlaybackQuality();
    void this.post({
      eventId: crypto.randomUUID(),
      viewerId: this.setup.viewerId,
      sessionId: this.sessionId,
      eventType,
      timestamp: Date.now(),
      playbackPositionSec: this.video.currentTime,
      quality: this.quality(),
      network: {},
      device: { browser: 'Chrome', os: 'Linux', screenWidth: screen.width, screenHeight: screen.height },
      player: {
        decodedFrames: totalVideoFrames,
        droppedFrames: droppedVideoFrames,
        fps: 25,
        bufferLengthSec: this.bufferLengthSec(),
      },
      engagement: { ...this.engagement },
      ...more,
    });
  }

  private async post(event: object, retryCount = 0): Promise<void> {
    const body = JSON.stringify({ ...event, _retryCount: retryCount });
    const headers = { 'Content-Type': 'application/json' };
    const reply = await fetch(this.setup.endpoint, { method: 'POST', headers, body, keepalive: true }).catch(
      () => undefined,
    );
    const mayWorkLater = reply === undefined || reply.status === 503;
    if (mayWorkLater) setTimeout(() => void this.post(event, retryCount + 1), RESEND_AFTER_MS);
  }
}
