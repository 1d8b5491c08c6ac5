#!/usr/bin/env bash
# Makes the demo's stream anew: public/media, HLS with three renditions in fragmented MP4. It needs
# ffmpeg with libx264 and the font DejaVu Sans. What it makes is committed, so that a build needs
# neither. Other versions of ffmpeg make other bytes and the same picture.
#
# The picture is drawn, not filmed: all of it is ours, and it stays small. It shows the time and the
# rendition, so that what the figures say can be seen. The sound is a soft tick at every second.
set -euo pipefail
cd "$(dirname "$0")"

OUT=public/media
SECONDS_LONG=48
FPS=25
SEGMENT_SECONDS=2
HEIGHTS=(180 360 540)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

main() {
  rm -rf "$OUT"
  mkdir -p "$OUT"
  draw_stills
  local height
  for height in "${HEIGHTS[@]}"; do
    encode "$height"
  done
  write_master_playlist
  du -sh "$OUT"
}

draw() { ffmpeg -hide_banner -loglevel error -y "$@"; }

# glow NAME DIAMETER RED GREEN BLUE: a disc that fades out.
glow() {
  draw -f lavfi -i "color=black:s=$2x$2,format=rgba,geq=r=$3:g=$4:b=$5:a='255*pow(clip(1-hypot(X-W/2,Y-H/2)/(W/2),0,1),1.4)'" \
    -frames:v 1 "$WORK/$1.png"
}

draw_stills() {
  draw -f lavfi -i "color=black:s=960x540,format=rgb24,geq=r='14+10*Y/H':g='20+14*Y/H':b='38+34*Y/H'" \
    -frames:v 1 "$WORK/sky.png"
  glow blue 420 47 107 255
  glow teal 360 34 190 150
  glow violet 300 150 90 235
}

# path X-PERIOD Y-PERIOD PHASE: a slow curve that comes back to where it began.
path() {
  echo "x='(W-w)/2+W*0.30*sin(2*PI*t/$1+$3)':y='(H-h)/2+H*0.24*cos(2*PI*t/$2+$3)'"
}

encode() {
  local height=$1 width=$((${1} * 16 / 9)) folder=$OUT/$1p
  local text="font=DejaVu Sans:fontcolor=white:x=(w-tw)/2"
  mkdir -p "$folder"
  draw -loop 1 -framerate $FPS -i "$WORK/sky.png" -loop 1 -framerate $FPS -i "$WORK/blue.png" \
    -loop 1 -framerate $FPS -i "$WORK/teal.png" -loop 1 -framerate $FPS -i "$WORK/violet.png" \
    -f lavfi -i "aevalsrc='0.03*sin(2*PI*660*t)*exp(-40*mod(t,1))':s=44100" \
    -filter_complex "[0][1]overlay=$(path 16 12 0)[a];[a][2]overlay=$(path 12 8 2.1)[b];
      [b][3]overlay=$(path 24 16 4.2),scale=$width:$height:flags=lanczos,
      drawtext=$text:text='%{eif\:mod(t\,60)\:d\:2}.%{eif\:mod(floor(t*10)\,10)\:d}':fontsize=$((height / 4)):y=(h-th)/2-h/20,
      drawtext=$text:text='${height}p':fontsize=$((height / 12)):y=h*0.68:alpha=0.8,format=yuv420p[v]" \
    -map '[v]' -map 4:a -t $SECONDS_LONG \
    -c:v libx264 -preset veryslow -profile:v main -crf "$(crf "$height")" -g $((FPS * SEGMENT_SECONDS)) \
    -keyint_min $((FPS * SEGMENT_SECONDS)) -sc_threshold 0 -c:a aac -ac 1 -b:a 16k -map_metadata -1 \
    -f hls -hls_time $SEGMENT_SECONDS -hls_playlist_type vod -hls_segment_type fmp4 \
    -hls_flags independent_segments -hls_fmp4_init_filename init.mp4 \
    -hls_segment_filename "$folder/%02d.m4s" "$folder/index.m3u8"
}

crf() { case $1 in 180) echo 28 ;; 360) echo 29 ;; *) echo 28 ;; esac; }

# Bits per second of a rendition's largest segment, as the format asks.
peak_bps() {
  local largest
  largest=$(find "$OUT/$1p" -name '*.m4s' -printf '%s\n' | sort -n | tail -1)
  echo $((largest * 8 / SEGMENT_SECONDS))
}

write_master_playlist() {
  local height
  {
    printf '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n'
    for height in "${HEIGHTS[@]}"; do
      printf '#EXT-X-STREAM-INF:BANDWIDTH=%s,CODECS="avc1.%s,mp4a.40.2",RESOLUTION=%sx%s,FRAME-RATE=%s\n%sp/index.m3u8\n' \
        "$(peak_bps "$height")" "$(codec "$height")" $((height * 16 / 9)) "$height" $FPS "$height"
    done
  } >"$OUT/master.m3u8"
}

# Profile, constraints and level as the stream's own header has them.
codec() {
  od -An -v -tx1 "$OUT/$1p/init.mp4" | tr -d ' \n' | grep -o '61766343........' | head -1 | cut -c 11-16
}

main
