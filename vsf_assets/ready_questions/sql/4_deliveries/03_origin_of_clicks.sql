-- title: From which line of which file does a click come?
-- parameter: quarter, text, 2: quarter of the hour, 1 to 4
-- parameter: banner, whole number, 2000: the banner
select files.file_name, clicks._line as line_number, clicks.click_id, clicks.banner_id
from raw.clicks as clicks
inner join raw.files as files on clicks._file_id = files.file_id
where files.partition_key = $quarter and clicks.banner_id = $banner
order by files.landed_at, files.file_name, clicks._line
limit 10
