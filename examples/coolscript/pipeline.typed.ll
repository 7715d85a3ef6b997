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

%cs_channel_t = type opaque
%cs_string_t = type { i8*, i64 }
%stage = type { %cs_channel_t*, %cs_channel_t* }

declare i8* @cs_alloc(i64)
declare void @cs_free(i8*)
declare void @cs_spawn(void (i8*)*, i8*)
declare %cs_channel_t* @cs_chan_create(i64, i64)
declare void @cs_chan_send(%cs_channel_t*, i8*)
declare i32 @cs_chan_receive(%cs_channel_t*, i8*)
declare void @cs_chan_close(%cs_channel_t*)
declare void @cs_chan_release(%cs_channel_t*)
declare void @cs_print_str(i8*, i64)
declare void @llvm.memcpy.p0i8.p0i8.i64(i8*, i8*, i64, i1)

@squared_is = private constant [12 x i8] c" squared is "

define internal i8* @new_stage(%cs_channel_t* %in, %cs_channel_t* %out) {
  %block = call i8* @cs_alloc(i64 16)
  %stage = bitcast i8* %block to %stage*
  %in_field = getelementptr %stage, %stage* %stage, i32 0, i32 0
  store %cs_channel_t* %in, %cs_channel_t** %in_field
  %out_field = getelementptr %stage, %stage* %stage, i32 0, i32 1
  store %cs_channel_t* %out, %cs_channel_t** %out_field
  ret i8* %block
}

define internal void @produce(i8* %data) {
entry:
  %item = alloca i8*
  %element = bitcast i8** %item to i8*
  %stage = bitcast i8* %data to %stage*
  %out_field = getelementptr %stage, %stage* %stage, i32 0, i32 1
  %out = load %cs_channel_t*, %cs_channel_t** %out_field
  br label %each

each:
  %number = phi i64 [ 1, %entry ], [ %next, %each ]
  %block = call i8* @cs_alloc(i64 8)
  %field = bitcast i8* %block to i64*
  store i64 %number, i64* %field
  store i8* %block, i8** %item
  call void @cs_chan_send(%cs_channel_t* %out, i8* %element)
  %next = add i64 %number, 1
  %more = icmp ule i64 %next, 12
  br i1 %more, label %each, label %end

end:
  call void @cs_chan_close(%cs_channel_t* %out)
  call void @cs_free(i8* %data)
  ret void
}

define internal %cs_string_t @line_about(i64 %number) {
  %start = call i8* @cs_alloc(i64 64)
  %after_number = call i8* @append_number(i8* %start, i64 %number)
  %words = getelementptr [12 x i8], [12 x i8]* @squared_is, i64 0, i64 0
  %after_words = call i8* @append_text(i8* %after_number, i8* %words, i64 12)
  %square = mul i64 %number, %number
  %newline = call i8* @append_number(i8* %after_words, i64 %square)
  store i8 10, i8* %newline
  %stop = getelementptr i8, i8* %newline, i64 1
  %from = ptrtoint i8* %start to i64
  %to = ptrtoint i8* %stop to i64
  %len = sub i64 %to, %from
  %half = insertvalue %cs_string_t undef, i8* %start, 0
  %line = insertvalue %cs_string_t %half, i64 %len, 1
  ret %cs_string_t %line
}

define internal void @transform(i8* %data) {
entry:
  %received_item = alloca i8*
  %line_item = alloca %cs_string_t
  %received_element = bitcast i8** %received_item to i8*
  %line_element = bitcast %cs_string_t* %line_item to i8*
  %stage = bitcast i8* %data to %stage*
  %in_field = getelementptr %stage, %stage* %stage, i32 0, i32 0
  %in = load %cs_channel_t*, %cs_channel_t** %in_field
  %out_field = getelementptr %stage, %stage* %stage, i32 0, i32 1
  %out = load %cs_channel_t*, %cs_channel_t** %out_field
  br label %each

each:
  %received = call i32 @cs_chan_receive(%cs_channel_t* %in, i8* %received_element)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %item, label %end

item:
  %block = load i8*, i8** %received_item
  %field = bitcast i8* %block to i64*
  %number = load i64, i64* %field
  %line = call %cs_string_t @line_about(i64 %number)
  call void @cs_free(i8* %block)
  store %cs_string_t %line, %cs_string_t* %line_item
  call void @cs_chan_send(%cs_channel_t* %out, i8* %line_element)
  br label %each

end:
  call void @cs_chan_close(%cs_channel_t* %out)
  call void @cs_free(i8* %data)
  ret void
}

define i32 @main() {
entry:
  %item = alloca %cs_string_t
  %element = bitcast %cs_string_t* %item to i8*
  %numbers = call %cs_channel_t* @cs_chan_create(i64 4, i64 8)
  %lines = call %cs_channel_t* @cs_chan_create(i64 2, i64 16)
  %first_stage = call i8* @new_stage(%cs_channel_t* null, %cs_channel_t* %numbers)
  call void @cs_spawn(void (i8*)* @produce, i8* %first_stage)
  %second_stage = call i8* @new_stage(%cs_channel_t* %numbers, %cs_channel_t* %lines)
  call void @cs_spawn(void (i8*)* @transform, i8* %second_stage)
  br label %each

each:
  %received = call i32 @cs_chan_receive(%cs_channel_t* %lines, i8* %element)
  %some = icmp ne i32 %received, 0
  br i1 %some, label %print, label %end

print:
  %line = load %cs_string_t, %cs_string_t* %item
  %text = extractvalue %cs_string_t %line, 0
  %len = extractvalue %cs_string_t %line, 1
  call void @cs_print_str(i8* %text, i64 %len)
  call void @cs_free(i8* %text)
  br label %each

end:
  call void @cs_chan_release(%cs_channel_t* %numbers)
  call void @cs_chan_release(%cs_channel_t* %lines)
  ret i32 0
}

; Copies %len bytes to %at; returns the place after them.
define internal i8* @append_text(i8* %at, i8* %text, i64 %len) {
  call void @llvm.memcpy.p0i8.p0i8.i64(i8* %at, i8* %text, i64 %len, i1 false)
  %after = getelementptr i8, i8* %at, i64 %len
  ret i8* %after
}

; Writes the decimal digits of %number at %at; returns the place after them.
define internal i8* @append_number(i8* %at, i64 %number) {
entry:
  %short = icmp ult i64 %number, 10
  br i1 %short, label %last, label %before

before:
  %rest = udiv i64 %number, 10
  %after_rest = call i8* @append_number(i8* %at, i64 %rest)
  br label %last

last:
  %place = phi i8* [ %at, %entry ], [ %after_rest, %before ]
  %digit = urem i64 %number, 10
  %character = trunc i64 %digit to i8
  %ascii = add i8 %character, 48
  store i8 %ascii, i8* %place
  %after = getelementptr i8, i8* %place, i64 1
  ret i8* %after
}
