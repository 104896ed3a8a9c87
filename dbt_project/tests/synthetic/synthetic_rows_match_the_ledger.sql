{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'The raw tables of made-up data hold exactly the rows the ledger says were loaded, file by file. Rows '
            ~ 'shown: files with more or fewer, and rows of no file. If it fails, run vsf rebuild.'
        ),
    },
) }}

{{ rows_unlike_the_ledger({
    'fake_schemas': 'fake_schemas', 'fake_requests': 'fake_requests', 'fake_states': 'fake_states',
}) }}
