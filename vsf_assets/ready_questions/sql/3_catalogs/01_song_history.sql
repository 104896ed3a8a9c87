-- title: What did a catalog say about a song, and since when?
-- about: Each payload with the time of the scan that found it; the current one is the last.
-- parameter: artist, text, Nelly: name of the artist
-- parameter: title, text, N Dey Say: title of the song
select version_number, year, release, valid_from, valid_to, object_name, line_number
from marts.dim_song_versions
where artist_name = $artist and title = $title
order by version_number
