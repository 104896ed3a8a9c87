with

{{ catalog_versions('songs') }}

select * from final
