/**
 * The streams that the browser tests play, made once by ffmpeg and kept under `target/`.
 *
 * One clip of 48 s at 25 fps, with a time code to read and noise that keeps the bitrates up, in three
 * renditions and segments of 2 s: as HLS with fMP4 and with TS segments, as DASH, and as one MP4.
 * Every segment starts with a key frame, so that a rendition can change at any of them.
 */
import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const DURATION_SEC = 48;
const FRAME_RATE = 25;
const SEGMENT_SEC = 2;
/** The playlist that ends early, for tests that want to see the end. */
const SHORT_SEGMENTS = 7;

/** Raise it when the recipe changes: the streams are then made anew. */
const RECIPE = 1;

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
export const MEDIA_FOLDER = path.join(REPOSITORY, 'target', `e2e-media-${RECIPE}`);

export interface Rendition {
  readonly width: number;
  readonly height: number;
  readonly videoKbps: number;
  readonly codec: string;
  /** What the playlist declares, bit/s: what players report as the rendition's bitrate. */
  readonly bandwidth: number;
}

export const RENDITIONS: readonly Rendition[] = [
  { width: 320, height: 180, videoKbps: 300, codec: 'avc1.4d400d', bandwidth: 450_000 },
  { width: 640, height: 360, videoKbps: 900, codec: 'avc1.4d401e', bandwidth: 1_200_000 },
  { width: 1280, height: 720, videoKbps: 2500, codec: 'avc1.4d401f', bandwidth: 3_000_000 },
];

/** Paths on the media server. */
export const STREAMS = {
  hls: '/media/fmp4/master.m3u8',
  hlsShort: '/media/fmp4/short.m3u8',
  hlsTs: '/media/ts/master.m3u8',
  dash: '/media/dash/manifest.mpd',
  progressive: '/media/mp4/360.mp4',
} as const;

/** Makes the streams unless they are there. A run that is broken off leaves nothing behind that counts. */
export async function makeMedia(): Promise<void> {
  if (await exists(MEDIA_FOLDER)) return;
  const draft = `${MEDIA_FOLDER}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(path.join(draft, 'mp4'), { recursive: true });
  await encode(draft);
  await packageHls(draft, 'fmp4');
  await packageHls(draft, 'ts');
  await packageDash(draft);
  await rename(draft, MEDIA_FOLDER);
}

/** All renditions in one pass: the picture is drawn once and scaled down. */
async function encode(folder: string): Promise<void> {
  const picture = [
    `testsrc2=size=1280x720:rate=${FRAME_RATE}:duration=${DURATION_SEC}`,
    'noise=alls=12:allf=t',
    "drawtext=text='%{pts\\:hms}':fontsize=64:x=40:y=600:fontcolor=white:box=1:boxcolor=black",
  ].join(',');
  const scaled = RENDITIONS.map((r, i) => `[in${i}]scale=${r.width}:${r.height}[out${i}]`);
  const split = `[0:v]split=${RENDITIONS.length}${RENDITIONS.map((_, i) => `[in${i}]`).join('')}`;
  await ffmpeg([
    ...['-f', 'lavfi', '-i', picture],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${DURATION_SEC}:sample_rate=48000`],
    ...['-filter_complex', [split, ...scaled].join(';')],
    ...RENDITIONS.flatMap((rendition, index) => outputOf(folder, rendition, index)),
  ]);
}

function outputOf(folder: string, { videoKbps, height }: Rendition, index: number): string[] {
  const keyFrameEvery = String(FRAME_RATE * SEGMENT_SEC);
  return [
    ...['-map', `[out${index}]`, '-map', '1:a'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-pix_fmt', 'yuv420p'],
    ...['-b:v', `${videoKbps}k`, '-maxrate', `${videoKbps * 1.1}k`, '-bufsize', `${videoKbps}k`],
    ...['-g', keyFrameEvery, '-keyint_min', keyFrameEvery, '-sc_threshold', '0'],
    ...['-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-movflags', '+faststart'],
    path.join(folder, 'mp4', `${height}.mp4`),
  ];
}

async function packageHls(folder: string, kind: 'fmp4' | 'ts'): Promise<void> {
  const extension = kind === 'fmp4' ? 'm4s' : 'ts';
  const container =
    kind === 'fmp4' ? ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4'] : [];
  for (const { height } of RENDITIONS) {
    const target = path.join(folder, kind, String(height));
    await mkdir(target, { recursive: true });
    await ffmpeg([
      ...['-i', path.join(folder, 'mp4', `${height}.mp4`), '-c', 'copy'],
      ...['-f', 'hls', '-hls_time', String(SEGMENT_SEC), '-hls_playlist_type', 'vod', ...container],
      ...['-hls_segment_filename', path.join(target, `seg%03d.${extension}`)],
      path.join(target, 'index.m3u8'),
    ]);
    await writeFile(
      path.join(target, 'short.m3u8'),
      shortened(await readFile(path.join(target, 'index.m3u8'), 'utf8')),
    );
  }
  await writeFile(path.join(folder, kind, 'master.m3u8'), masterPlaylist('index.m3u8'));
  await writeFile(path.join(folder, kind, 'short.m3u8'), masterPlaylist('short.m3u8'));
}

/** The playlist up to its last wanted segment, and the mark of the end. */
function shortened(playlist: string): string {
  const lines = playlist.split('\n');
  const segments = lines.flatMap((line, index) => (line.startsWith('seg') ? [index] : []));
  return [...lines.slice(0, (segments[SHORT_SEGMENTS - 1] ?? 0) + 1), '#EXT-X-ENDLIST', ''].join('\n');
}

function masterPlaylist(playlist: string): string {
  const lines = RENDITIONS.flatMap(({ bandwidth, codec, width, height }) => [
    `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},CODECS="${codec},mp4a.40.2",` +
      `RESOLUTION=${width}x${height},FRAME-RATE=${FRAME_RATE}.000`,
    `${height}/${playlist}`,
  ]);
  return ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-INDEPENDENT-SEGMENTS', ...lines, ''].join('\n');
}

async function packageDash(folder: string): Promise<void> {
  const target = path.join(folder, 'dash');
  await mkdir(target, { recursive: true });
  await ffmpeg([
    ...RENDITIONS.flatMap(({ height }) => ['-i', path.join(folder, 'mp4', `${height}.mp4`)]),
    ...RENDITIONS.flatMap((_, index) => ['-map', `${index}:v`]),
    ...['-map', '0:a', '-c', 'copy', '-f', 'dash', '-seg_duration', String(SEGMENT_SEC)],
    ...['-use_template', '1', '-use_timeline', '0', '-adaptation_sets', 'id=0,streams=v id=1,streams=a'],
    path.join(target, 'manifest.mpd'),
  ]);
}

async function ffmpeg(args: string[]): Promise<void> {
  try {
    await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args]);
  } catch (cause) {
    throw new Error('ffmpeg could not make the test streams; is it installed (apt-get install ffmpeg)?', {
      cause,
    });
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
