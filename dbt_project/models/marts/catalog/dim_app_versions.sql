with

{{ catalog_versions('apps', derived=[is_awesome('profile') ~ ' as is_awesome']) }}

select * from final
