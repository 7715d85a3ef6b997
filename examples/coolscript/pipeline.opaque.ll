; Producer, transformer, consumer: two bounded channels, and each item has one owner at a time.
;
;     spawn produce(move numbers)          # sends owned blocks
;     spawn transform(move numbers, move lines)
;     for line in lines:                   # receives strings, prints and frees them
;         print(line)
;
; Who receives an item frees it, or moves it on. A stage closes its output at its end; closing says
; nothing about the channel's memory, which main gives up when both stages are past their last call.
; A string by value is its two words in the C calling convention: so it is declared here.

%cs_string_t = type { ptr, i64 }
%stage = type { ptr, ptr }

declare ptr @cs_alloc(i64)
declare void @cs_free(ptr)
declare void @cs_spawn(ptr, ptr)
declare ptr @cs_chan_create(i64, i64)
declare void @cs_chan_send(ptr, ptr)
declare i32 @cs_chan_receive(ptr, ptr)
declare void @cs_chan_close(ptr)
declare void @cs_chan_release(ptr)
declare void @cs_print_str(ptr, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

@squared_is = private constant [12 x i8] c" squared is "

define internal ptr @new_stage(ptr %in, ptr %out) {
  %block = call ptr @cs_alloc(i64 16)
  %in_field = getelementptr %stage, ptr %block, i32 0, i32 0
  store ptr %in, ptr %in_field
  %out_field = getelementptr %stage, ptr %block, i32 0, i32 1
  store ptr %out, ptr %out_field
  ret ptr %block
}

define internal void @produce(ptr %data) {
entry:
  %item = alloca ptr
  %out_field = getelementptr %stage, ptr %data, i32 0, i32 1
  %out = load ptr, ptr %out_field
  br label %each

each:
  %number = phi i64 [ 1, %entry ], [ %next, %each ]
  %block = call ptr @cs_alloc(i64 8)
  store i64 %number, ptr %block
  store ptr %block, ptr %item
  call void @cs_chan_send(ptr %out, ptr %item)
  %next = add i64 %number, 1
  %more = icmp ule i64 %next, 12
  br i1 %more, label %each, label %end

end:
  call void @cs_chan_close(ptr %out)
  call void @cs_free(ptr %data)
  ret void
}

define internal %cs_string_t @line_about(i64 %number) {
  %start = call ptr @cs_alloc(i64 64)
  %after_number = call ptr @append_number(ptr %start, i64 %number)
  %after_words = call ptr @append_text(ptr %after_number, ptr @squared_is, i64 12)
  %square = mul i64 %number, %number
  %newline = call ptr @append_number(ptr %after_words, i64 %square)
  store i8 10, ptr %newline
  %stop = getelementptr i8, ptr %newline, i64 1
  %from = ptrtoint ptr %start to i64
  %to = ptrtoint ptr %stop to i64
  %len = sub i64 %to, %from
  %half = insertvalue %cs_string_t undef, ptr %start, 0
  %line = insertvalue %cs_string_t %half, i64 %len, 1
  ret %cs_string_t %line
}

define internal void @transform(ptr %data) {
entry:
  %received_item = alloca ptr
  %line_item = alloca %cs_string_t
  %in_field = getelementptr %stage, ptr %data, i32 0, i32 0
  %in = load ptr, ptr %in_field
  %out_field = getelementptr %stage, ptr %data, i32 0, i32 1
  %out = load ptr, ptr %out_field
  br label %each

each:
  %received = call i32 @cs_chan_receive(ptr %in, ptr %received_item)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %item, label %end

item:
  %block = load ptr, ptr %received_item
  %number = load i64, ptr %block
  %line = call %cs_string_t @line_about(i64 %number)
  call void @cs_free(ptr %block)
  store %cs_string_t %line, ptr %line_item
  call void @cs_chan_send(ptr %out, ptr %line_item)
  br label %each

end:
  call void @cs_chan_close(ptr %out)
  call void @cs_free(ptr %data)
  ret void
}

define i32 @main() {
entry:
  %item = alloca %cs_string_t
  %numbers = call ptr @cs_chan_create(i64 4, i64 8)
  %lines = call ptr @cs_chan_create(i64 2, i64 16)
  %first_stage = call ptr @new_stage(ptr null, ptr %numbers)
  call void @cs_spawn(ptr @produce, ptr %first_stage)
  %second_stage = call ptr @new_stage(ptr %numbers, ptr %lines)
  call void @cs_spawn(ptr @transform, ptr %second_stage)
  br label %each

each:
  %received = call i32 @cs_chan_receive(ptr %lines, ptr %item)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %print, label %end

print:
  %line = load %cs_string_t, ptr %item
  %text = extractvalue %cs_string_t %line, 0
  %len = extractvalue %cs_string_t %line, 1
  call void @cs_print_str(ptr %text, i64 %len)
  call void @cs_free(ptr %text)
  br label %each

end:
  call void @cs_chan_release(ptr %numbers)
  call void @cs_chan_release(ptr %lines)
  ret i32 0
}

; Copies %len bytes to %at; returns the place after them.
define internal ptr @append_text(ptr %at, ptr %text, i64 %len) {
  call void @llvm.memcpy.p0.p0.i64(ptr %at, ptr %text, i64 %len, i1 false)
  %after = getelementptr i8, ptr %at, i64 %len
  ret ptr %after
}

; Writes the decimal digits of %number at %at; returns the place after them.
define internal ptr @append_number(ptr %at, i64 %number) {
entry:
  %short = icmp ult i64 %number, 10
  br i1 %short, label %last, label %before

before:
  %rest = udiv i64 %number, 10
  %after_rest = call ptr @append_number(ptr %at, i64 %rest)
  br label %last

last:
  %place = phi ptr [ %at, %entry ], [ %after_rest, %before ]
  %digit = urem i64 %number, 10
  %character = trunc i64 %digit to i8
  %ascii = add i8 %character, 48
  store i8 %ascii, ptr %place
  %after = getelementptr i8, ptr %place, i64 1
  ret ptr %after
}
