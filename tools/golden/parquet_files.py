"""Small Parquet files as PyArrow writes them, for packages/data/src/fuzz.test.ts and packages/data/src/conversations.test.ts.

usage: python tools/golden/parquet_files.py packages/data/test/golden    # pyarrow, any version
One column of text beside numbers, nulls, lists and structs; every codec, pages of both versions, with and without dictionaries.
"""
import sys
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 40
table = pa.table({
    "text": [None if i % 7 == 3 else f"line {i} é {'x' * (i % 5)}" for i in range(ROWS)],
    "id": pa.array(range(ROWS), pa.int64()),
    "score": [i / 4 for i in range(ROWS)],
    "tags": [[f"t{k}" for k in range(i % 3)] for i in range(ROWS)],
    "messages": [[{"role": "user", "content": f"q{i}"}, {"role": "assistant", "content": "a"}] for i in range(ROWS)],
})
calls = [[{"function": {"name": "f", "n": 2**60 + i, "x": value}}] for i, value in enumerate([0.5, 2.0])]
conversations = pa.table({"messages": [[{"role": "assistant", "content": None, "tool_calls": call}] for call in calls]})
pq.write_table(conversations, f"{sys.argv[1]}/conversations.parquet")
for name, options in {
    "plain": {"compression": "none", "use_dictionary": False},
    "snappy": {"compression": "snappy"},
    "zstd-v2": {"compression": "zstd", "data_page_version": "2.0"},
    "gzip-delta": {"compression": "gzip", "use_dictionary": False, "column_encoding": {"id": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY"}},
    "brotli": {"compression": "brotli"},
}.items():
    pq.write_table(table, f"{sys.argv[1]}/{name}.parquet", row_group_size=25, **options)
