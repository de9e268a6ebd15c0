select cast('{{ shipworthy.data_source() }}' as {{ dbt.type_string() }}) as data_source
