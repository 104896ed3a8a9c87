{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'The raw tables of events, lines, accounts and limits hold exactly the rows the ledger says were loaded, '
            ~ 'file by file. Rows shown: files with more or fewer, and rows of no file. If it fails, run vsf rebuild.'
        ),
    },
) }}

{{ rows_unlike_the_ledger({'events': 'events', 'lines': 'lines', 'accounts': 'accounts', 'limits': 'limits'}) }}
