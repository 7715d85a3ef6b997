# Draws doc/tasks.svg from bars.1, bars.2 and titles in `folder`: tools/bench-tasks calls it, with
# `output`, `folder` and `height` (in bars) set. A bar a peer, from the left edge to the least of the rounds, in
# nanoseconds on a logarithmic scale. No background, and colours that can be read on white and on black.
bar = 15
set terminal svg size 980,(110 + bar * height) dynamic font "sans-serif,13"
set output output

text = "#6e7781"
set datafile separator "\t"
set border 1 linecolor rgb text
set grid xtics linecolor rgb text linewidth 0.3 dashtype 3
set tics textcolor rgb text nomirror
unset ytics
set logscale x
set xrange [0.4:500000]
set xtics ("1" 1, "10" 10, "100" 100, "1,000" 1000, "10,000" 10000)
set yrange [height - 0.8:-0.8]
set style fill solid 0.85 noborder
unset key
set tmargin at screen 1 - 45.0 / (110 + bar * height)
set bmargin at screen 60.0 / (110 + bar * height)
set xlabel "ns, least of the rounds; shorter is better" textcolor rgb text

set multiplot
set lmargin at screen 0.16
set rmargin at screen 0.565
set title "one worker" textcolor rgb text
plot folder."/bars.1" using (0.4):1:(0.4):2:($1-0.42):($1+0.42):3 with boxxyerror linecolor rgb variable, \
     "" using 2:1:4 with labels left offset 0.4,0 font ",11" textcolor rgb text, \
     folder."/titles" using (0.4):1:2 with labels right offset -1,0 textcolor rgb text
set lmargin at screen 0.585
set rmargin at screen 0.99
set title "two workers" textcolor rgb text
set xlabel "ns (¹ of fewer fibers than the others have tasks)" textcolor rgb text
plot folder."/bars.2" using (0.4):1:(0.4):2:($1-0.42):($1+0.42):3 with boxxyerror linecolor rgb variable, \
     "" using 2:1:4 with labels left offset 0.4,0 font ",11" textcolor rgb text
unset multiplot
