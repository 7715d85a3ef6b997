# Draws doc/startup.svg from hello.values and tasks.values in the current folder: tools/bench-startup calls
# it, with `output` set. A line a program from the minimum to the 99th percentile, a point at the median.
# No background, and colours that can be read on white and on black.
set terminal svg size 820,660 dynamic font "sans-serif,14"
set output output

text = "#6e7781"
colour(n) = n == 1 ? 0x2f81f7 : n == 2 ? 0x2da44e : 0x8c959f
set datafile separator "\t"
set border 1 linecolor rgb text
set grid xtics linecolor rgb text linewidth 0.3 dashtype 3
set tics textcolor rgb text nomirror
set ytics scale 0
set logscale x
set xtics (20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000)
set xrange [20:5000]
set lmargin at screen 0.31
set rmargin at screen 0.97
unset key

stats "hello.values" using 1 nooutput name "hello"
stats "tasks.values" using 1 nooutput name "tasks"
# Rows of one height in both parts.
top = 0.93
gap = 0.14
bottom = 0.11
row = (top - gap - bottom) / (hello_records + tasks_records)

set multiplot
set tmargin at screen top
set bmargin at screen top - row * hello_records
set yrange [hello_records - 0.4:-0.6]
set title "hello-world, one CPU: minimum, median, 99th percentile" textcolor rgb text
plot "hello.values" using 2:1:($4-$2):(0):(colour($5)) with vectors nohead linewidth 3 linecolor rgb variable, \
     "" using 3:1:(colour($5)):ytic(6) with points pointtype 7 pointsize 0.8 linecolor rgb variable, \
     "" using 3:1:(sprintf("%.0f", $3)) with labels offset 0,0.8 font ",12" textcolor rgb text

set tmargin at screen bottom + row * tasks_records
set bmargin at screen bottom
set yrange [tasks_records - 0.4:-0.6]
set title "two tasks exchange a message, one CPU"
set xlabel "from before vfork until reaped, µs" textcolor rgb text
plot "tasks.values" using 2:1:($4-$2):(0):(colour($5)) with vectors nohead linewidth 3 linecolor rgb variable, \
     "" using 3:1:(colour($5)):ytic(6) with points pointtype 7 pointsize 0.8 linecolor rgb variable, \
     "" using 3:1:(sprintf("%.0f", $3)) with labels offset 0,0.8 font ",12" textcolor rgb text
unset multiplot
