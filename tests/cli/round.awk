# Numbers after the first field to four digits, for golden files that hold on every kind of CPU.
BEGIN { FS = OFS = "," }
NR == 1 { print; next }
{ for (i = 2; i <= NF; i++) { $i = sprintf("%.4f", $i); if ($i == "-0.0000") $i = "0.0000" } print }
