"""Films of what is computed: chosen (reels), drawn (film_page), written (encoding, ffmpeg)."""
