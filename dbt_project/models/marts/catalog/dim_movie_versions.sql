with

{{ catalog_versions('movies', derived=['original_title_normalized']) }}

select * from final
