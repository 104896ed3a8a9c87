-- title: Which apps are awesome, and what are the others of their genre like?
select
    genre,
    count(*) as apps,
    count(*) filter (is_awesome) as awesome,
    round(avg(rating), 2) as mean_rating,
    median(size_bytes) as median_size
from marts.dim_apps
group by genre
order by awesome desc, apps desc
